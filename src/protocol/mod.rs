//! What a revision of the protocol says, without I/O.
//!
//! The eras differ in what comes first, in what goes with each request and in
//! what a message may mean; [`Dialect`] is that difference, and nothing above this
//! module asks for a version.

pub(crate) mod call;
pub(crate) mod capability;
pub(crate) mod elicitation_form;
pub(crate) mod handshake;
pub(crate) mod header_params;
pub(crate) mod input_request;
pub(crate) mod item;
pub(crate) mod negotiation;
pub(crate) mod notification;
pub(crate) mod revision;
pub(crate) mod routing;
pub(crate) mod server_info;
pub(crate) mod skill;
pub(crate) mod stateless;
pub(crate) mod task;

use std::borrow::Cow;
use std::fmt;

use crate::base::error::Result;
use crate::protocol::call::Call;
use crate::protocol::input_request::{Answered, Asked};
use crate::protocol::task::{Task, Tasks};
use crate::wire::jsonrpc::{self, Answer};

/// Names and values; most are the same for every message.
pub(crate) type Headers = Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// A message on its way out: the headers that an dialect asks for, and the body.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// How the program calls itself.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Identity {
    /// The `Implementation` of the specification as JSON.
    fn json(&self) -> String {
        let mut out = String::from("{\"name\":");
        jsonrpc::push_string(&mut out, &self.name);
        out.push_str(",\"version\":");
        jsonrpc::push_string(&mut out, &self.version);
        out.push('}');
        out
    }
}

/// What goes with one sending of a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestMeta<'a> {
    pub(crate) id: i64,
    pub(crate) wants_progress: bool,
    /// Asked for with each request, where the dialect does so.
    pub(crate) log_level: Option<&'a str>,
    /// The answers to what the server asked when the call was sent before.
    pub(crate) retry: Option<&'a RetryParams>,
    /// The headers of marked arguments.
    pub(crate) marks: &'a [(String, String)],
}

/// What a call that is sent once more adds to its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryParams {
    /// The answers by their keys, as a JSON object; `None` where nothing was
    /// asked.
    pub(crate) responses: Option<String>,
    /// The server's own, as the JSON that it wrote.
    pub(crate) state: Option<String>,
}

/// What a result means for the call.
#[derive(Debug)]
pub(crate) enum Interpretation {
    Complete,
    /// The server asks before it answers.
    InputRequired(InputRequired),
    /// The server works on it, and has to be asked how it stands.
    Task(Task),
}

/// Questions that are asked at the same time, and what to give back.
#[derive(Debug, Default)]
pub(crate) struct InputRequired {
    /// Key, method and parameters.
    pub(crate) requests: Vec<(String, String, Option<String>)>,
    pub(crate) state: Option<String>,
}

/// How to be told of what belongs to no call.
#[derive(Debug)]
pub(crate) enum NotificationRequest {
    /// A GET, with these headers.
    Get(Headers),
    /// A call whose answer is the stream.
    Listen(Call),
}

/// What somebody here wants to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) tools: bool,
    pub(crate) prompts: bool,
    pub(crate) resources: bool,
    pub(crate) uris: Vec<String>,
    /// The ids of tasks.
    pub(crate) tasks: Vec<String>,
}

/// A group of revisions that frame and read messages alike.
pub(crate) trait Dialect: Send + Sync {
    /// A call as bytes and headers.
    fn frame(&self, call: &Call, frame: &RequestMeta<'_>) -> Result<Outgoing>;

    /// A message that is not answered, as bytes and headers.
    fn notification(&self, call: &Call) -> Outgoing;

    /// What a result means for a call.
    fn interpret(&self, call: &Call, answer: &Answer) -> Result<Interpretation>;

    /// Whether an array of messages may come.
    fn has_batches(&self) -> bool;

    /// Whether the server may ask by requests of its own.
    fn has_requests(&self) -> bool;

    /// A response to a request of the server, if it is to have one.
    fn respond(&self, id: &str, answered: &Answered) -> Option<Outgoing>;

    /// How to stop a request, if by a message; `is_shared`: its answer comes
    /// on a stream that cannot be closed for it.
    fn cancel(&self, id: i64, reason: &str, is_shared: bool) -> Option<Outgoing>;

    /// The stream for what belongs to no call; `last_event_id` is where a
    /// stream that broke is to go on.
    fn standing(&self, wish: &Interest, last_event_id: Option<&str>) -> NotificationRequest;

    /// Where to go on with a call's stream that broke: headers of a GET, if
    /// there is such a thing.
    fn resume(&self, last_event_id: &str) -> Option<Headers>;

    /// The call that sets the level of log messages; `None` where it goes
    /// with each request.
    fn set_log_level(&self, level: &str) -> Option<Call>;

    /// The call that subscribes to a resource; `None` where it is part of
    /// the standing stream's wish.
    fn subscribe(&self, uri: &str, on: bool) -> Option<Call>;

    /// How calls run as tasks, where there is such a thing.
    fn tasks(&self) -> Option<Tasks>;

    /// Whether the arguments of tools go into headers where they are marked.
    fn has_header_params(&self) -> bool;

    /// The headers of the request that ends the session, if there is one.
    fn end(&self) -> Option<Headers>;

    /// What must not be seen of the session: its id.
    fn session_id(&self) -> Option<&str>;
}

// No supertrait: what every implementor holds would be linked for nobody.
impl fmt::Debug for dyn Dialect + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dialect")
    }
}

/// Reads the questions of a round as those of one who declared `declared`.
pub(crate) fn recognise_all(
    round: &InputRequired,
    declared: &capability::ClientCapabilities,
) -> std::result::Result<Vec<(String, Asked)>, String> {
    let mut out = Vec::with_capacity(round.requests.len());
    for (key, method, params) in &round.requests {
        match Asked::recognise(method, params.as_deref(), declared) {
            Ok(asked) => out.push((key.clone(), asked)),
            Err(_) => return Err(method.clone()),
        }
    }
    Ok(out)
}
