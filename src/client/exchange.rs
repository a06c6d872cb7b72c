//! One message to the server and what comes back: credentials, redirects,
//! both forms of a reply, and the server's own requests in between.

use crate::auth::bearer::Token;
use crate::base::error::{Error, Result, Status, quote};
use crate::client::options::Options;
use crate::client::{Client, refusal};
use crate::protocol::{Era, Outgoing};
use crate::transport::http::{Reply, Request, Setting};
use crate::transport::wait::Wait;
use crate::wire::event_stream::EventStream;
use crate::wire::http1::Media;
use crate::wire::jsonrpc::{self, Answer, Id, Message, Outcome, RpcError};
use crate::wire::url::Url;

/// A message on its way: what it is and what it may be answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post<'a> {
    pub(crate) outgoing: &'a Outgoing,
    /// The id of the request; `None` for what is not answered.
    pub(crate) id: Option<i64>,
    pub(crate) is_repeatable: bool,
    /// Answers the server's requests in the reply's stream.
    pub(crate) era: Option<&'a dyn Era>,
}

/// What came back, short of what is final whatever was asked.
#[derive(Debug)]
pub(crate) enum Ending {
    /// A result, and the session id of the reply.
    Answer(Answer, Option<String>),
    /// A notification or an answer was taken.
    Accepted,
    Rpc(RpcRefusal),
    /// A status without a JSON-RPC error, or a reply that is not MCP.
    NotMcp(u16, Error),
}

#[derive(Debug)]
pub(crate) struct RpcRefusal {
    pub(crate) rpc: RpcError,
    /// The error to show for it.
    pub(crate) error: Error,
    pub(crate) http_status: u16,
    /// Whether the error names no request.
    pub(crate) is_anonymous: bool,
}

/// The most redirects that one request follows.
const REDIRECTS: usize = 5;
/// The most bytes of an error's body that are read.
const EXCERPT: usize = 64 * 1024;

const ACCEPT: &str = "application/json, text/event-stream";

impl Client {
    pub(crate) fn post(&self, options: &Options, post: Post<'_>, wait: &Wait) -> Result<Ending> {
        let mut token = self.token(options)?;
        let mut has_retried = false;
        loop {
            let (ending, challenged) = self.post_with(options, post, token.as_ref(), wait)?;
            let Some(refused) = challenged else { return Ok(ending) };
            // 401: one more try if there is another token.
            if !has_retried {
                has_retried = true;
                if let Some(other) = options.credential.refused(token.as_ref())? {
                    token = Some(other);
                    continue;
                }
            }
            return Err(refused);
        }
    }

    /// Ends the session at the server, without a word about how that went.
    pub(crate) fn end_session(&self, options: &Options, era: &dyn Era, wait: &Wait) {
        let Some(headers) = era.end() else { return };
        let _ = (|| -> Result<()> {
            let token = options.credential.current();
            let mut lines = self.lines(options, token.as_ref());
            lines.extend(headers.iter().map(|(name, value)| (*name, value.as_ref(), true)));
            let route = options.current_route()?;
            let secrets = options.secrets();
            let setting = Setting {
                route: &route,
                connect_timeout: options.connect_timeout,
                trace: options.trace.as_deref(),
                secrets: &secrets,
            };
            let delete = Sent { verb: "DELETE", lines: &lines, body: None, is_repeatable: true };
            follow(options, &delete, setting, wait)?.release();
            Ok(())
        })();
    }

    fn token(&self, options: &Options) -> Result<Option<Token>> {
        if options.is_insecure() {
            return Err(Error::new(
                Status::Insecure,
                format!(
                    "a credential over plain http to {} could be read on the way: use \
                     https, or allow it with mcp_client_set_allow_plain_http()",
                    quote(&options.url.origin.host)
                ),
            ));
        }
        options.credential.token()
    }

    /// The headers that go with every request.
    fn lines<'a>(
        &self,
        options: &'a Options,
        token: Option<&'a Token>,
    ) -> Vec<(&'a str, &'a str, bool)> {
        let mut lines = Vec::with_capacity(10 + options.headers.len());
        lines.push(("Host", options.authority.as_str(), false));
        if !options.has_header("user-agent") {
            lines.push(("User-Agent", options.user_agent.as_str(), false));
        }
        if let Some(token) = token {
            lines.push(("Authorization", token.header(), true));
        }
        for header in &options.headers {
            lines.push((header.name.as_str(), header.value.expose(), true));
        }
        lines
    }

    /// The second value is the error of a 401, for which another token may be
    /// tried.
    fn post_with(
        &self,
        options: &Options,
        post: Post<'_>,
        token: Option<&Token>,
        wait: &Wait,
    ) -> Result<(Ending, Option<Error>)> {
        let route = options.current_route()?;
        // Only a trace shows what is sent; errors are masked by the caller.
        let mut secrets = Vec::new();
        if options.trace.is_some() {
            secrets = options.secrets();
            secrets.extend(post.era.and_then(Era::session_id).map(Into::into));
        }
        let setting = Setting {
            route: &route,
            connect_timeout: options.connect_timeout,
            trace: options.trace.as_deref(),
            secrets: &secrets,
        };
        let mut lines = self.lines(options, token);
        lines.push(("Accept", ACCEPT, false));
        lines.push(("Accept-Encoding", "identity", false));
        lines.push(("Content-Type", "application/json", false));
        for (name, value) in &post.outgoing.headers {
            lines.push((name, value, *name == "Mcp-Session-Id"));
        }
        let sent = Sent {
            verb: "POST",
            lines: &lines,
            body: Some(&post.outgoing.body),
            is_repeatable: post.is_repeatable,
        };
        let mut reply = follow(options, &sent, setting, wait)?;
        let status = reply.head.status;
        if (200..300).contains(&status) {
            return Ok((self.read(options, post, reply, setting, wait)?, None));
        }
        let body = reply.read_excerpt(EXCERPT, wait);
        if let Some(trace) = setting.trace {
            trace.line("<", &String::from_utf8_lossy(&body), &secrets);
        }
        let found = jsonrpc::find_error(&body);
        let rpc = found.as_ref().map(|(_, rpc)| rpc);
        let error = refusal::error(&reply.head, &body, rpc, token.is_some());
        reply.release();
        if status == 401 {
            return Ok((Ending::NotMcp(status, error.clone()), Some(error)));
        }
        if refusal::is_final(status) {
            return Err(error);
        }
        Ok((refused(status, found, error), None))
    }

    fn read(
        &self,
        options: &Options,
        post: Post<'_>,
        mut reply: Reply<'_>,
        setting: Setting<'_>,
        wait: &Wait,
    ) -> Result<Ending> {
        let Some(id) = post.id else {
            reply.release();
            return Ok(Ending::Accepted);
        };
        let status = reply.head.status;
        match &reply.head.media {
            Media::Json => {
                let body = reply.read(options.max_message, wait)?;
                if let Some(trace) = setting.trace {
                    trace.line("<", &String::from_utf8_lossy(&body), setting.secrets);
                }
                let session_id = reply.head.session_id.take();
                reply.release();
                read_json(body, id, status, session_id)
            }
            Media::EventStream => self.read_events(options, post, id, reply, setting, wait),
            other => {
                let kind = match other {
                    Media::Other(kind) => format!("\"{kind}\""),
                    _ => "a body of no type".to_owned(),
                };
                let what = if matches!(status, 202 | 204) {
                    format!(
                        "the server answered {status} to a request, which has to have an answer"
                    )
                } else {
                    format!(
                        "the server answered with {kind} where JSON or an event stream is \
                         due; is this the URL of an MCP server?"
                    )
                };
                let error = Error::protocol(what).with_http_status(status).with_may_have_run(true);
                Ok(Ending::NotMcp(status, error))
            }
        }
    }

    fn read_events(
        &self,
        options: &Options,
        post: Post<'_>,
        id: i64,
        mut reply: Reply<'_>,
        setting: Setting<'_>,
        wait: &Wait,
    ) -> Result<Ending> {
        let mut stream = EventStream::new(options.max_message);
        let mut events = Vec::new();
        let mut has_other_answer = false;
        loop {
            let more = reply.next_piece(wait, &mut |data| {
                let mut rest = data;
                while let Some(event) = stream.next(&mut rest)? {
                    events.push(event);
                }
                Ok(())
            })?;
            for event in events.drain(..).filter(|event| event.is_message()) {
                if let Some(trace) = setting.trace {
                    trace.line("<", &String::from_utf8_lossy(&event.data), setting.secrets);
                }
                let range = match jsonrpc::parse(&event.data)? {
                    Message::Response { id: Id::Number(theirs), outcome } if theirs == id => {
                        match outcome {
                            Outcome::Error(rpc) => {
                                let ending = rpc_ending(rpc, reply.head.status, false);
                                reply.release();
                                return Ok(ending);
                            }
                            Outcome::Result(result) => jsonrpc::place(&event.data, result),
                        }
                    }
                    // A late one of a request that was given up, or a lie.
                    Message::Response { .. } => {
                        has_other_answer = true;
                        continue;
                    }
                    Message::Request { id, method } => {
                        let answer = post.era.and_then(|era| era.answer(id, &method));
                        if let Some(answer) = answer {
                            self.answer(options, &answer, post.era, wait)?;
                        }
                        continue;
                    }
                    Message::Notification => continue,
                };
                let session_id = reply.head.session_id.take();
                reply.release();
                return Ok(Ending::Answer(Answer::new(event.data, range), session_id));
            }
            if !more {
                let http_status = reply.head.status;
                return Err(if has_other_answer {
                    Error::protocol(format!(
                        "the server's event stream ended with answers to other requests, \
                         and none to this one (id {id})"
                    ))
                } else {
                    Error::new(Status::Io, "the server's event stream ended before the answer")
                }
                .with_http_status(http_status)
                .with_may_have_run(true));
            }
        }
    }

    /// Answers a request of the server on another connection, while the
    /// stream it came on stays open.
    fn answer(
        &self,
        options: &Options,
        outgoing: &Outgoing,
        era: Option<&dyn Era>,
        wait: &Wait,
    ) -> Result<()> {
        let post = Post { outgoing, id: None, is_repeatable: false, era };
        match self.post(options, post, wait) {
            // How the answer fares is the server's business; it will say so
            // on the stream, or not end it.
            Ok(_) => Ok(()),
            Err(_) => wait.check(),
        }
    }
}

/// A request to the server, wherever on its origin it leads.
struct Sent<'a> {
    verb: &'static str,
    lines: &'a [(&'a str, &'a str, bool)],
    body: Option<&'a [u8]>,
    is_repeatable: bool,
}

/// Sends a request, and again to where a redirect of the same origin leads.
fn follow<'a>(
    options: &'a Options,
    sent: &Sent<'_>,
    setting: Setting<'_>,
    wait: &Wait,
) -> Result<Reply<'a>> {
    let mut moved: Option<Url> = None;
    for _ in 0..=REDIRECTS {
        let request = Request {
            verb: sent.verb,
            url: moved.as_ref().unwrap_or(&options.url),
            headers: sent.lines,
            body: sent.body,
            is_repeatable: sent.is_repeatable,
        };
        let reply = options.http.send(&request, setting, wait)?;
        if !(300..400).contains(&reply.head.status) {
            return Ok(reply);
        }
        moved = Some(redirected(options, &reply)?);
        reply.release();
    }
    Err(Error::new(
        Status::Redirect,
        format!("the server redirects in a circle: more than {REDIRECTS} times"),
    ))
}

fn read_json(body: Vec<u8>, id: i64, status: u16, session_id: Option<String>) -> Result<Ending> {
    let said = |error: Error| error.with_http_status(status).with_may_have_run(true);
    let range = match jsonrpc::parse(&body).map_err(said)? {
        Message::Response { id: Id::Number(theirs), outcome: Outcome::Result(result) }
            if theirs == id =>
        {
            jsonrpc::place(&body, result)
        }
        Message::Response { id: Id::Number(theirs), outcome: Outcome::Error(rpc) }
            if theirs == id =>
        {
            return Ok(rpc_ending(rpc, status, false));
        }
        Message::Response { id: Id::None, outcome: Outcome::Error(rpc) } => {
            return Ok(rpc_ending(rpc, status, true));
        }
        Message::Response { .. } => {
            return Err(said(Error::protocol(format!(
                "the server answered another request than this one (id {id})"
            ))));
        }
        Message::Request { .. } | Message::Notification => {
            return Err(said(Error::protocol(
                "the server answered with a request or a notification where the answer is due",
            )));
        }
    };
    Ok(Ending::Answer(Answer::new(body, range), session_id))
}

fn rpc_ending(rpc: RpcError, http_status: u16, is_anonymous: bool) -> Ending {
    let error = refusal::rpc_error(&rpc, http_status);
    Ending::Rpc(RpcRefusal { rpc, error, http_status, is_anonymous })
}

/// On a status other than 2xx an error belongs to the request that it
/// answers, whatever its id.
fn refused(http_status: u16, found: Option<(Id, RpcError)>, error: Error) -> Ending {
    match found {
        Some((id, rpc)) => {
            let is_anonymous = !matches!(id, Id::Number(_));
            Ending::Rpc(RpcRefusal { rpc, error, http_status, is_anonymous })
        }
        None => Ending::NotMcp(http_status, error),
    }
}

/// Where a redirect leads, if it may be followed: the same origin, and with
/// the method and the body as they are.
fn redirected(options: &Options, reply: &Reply<'_>) -> Result<Url> {
    let status = reply.head.status;
    let wrong = |what: String| {
        Err(Error::new(Status::Redirect, format!("the server answered {status}: {what}"))
            .with_http_status(status))
    };
    let Some(location) = &reply.head.location else {
        return wrong("a redirect without a target".to_owned());
    };
    let Some(target) = options.url.join(location) else {
        return wrong("a redirect to what is no URL of a server".to_owned());
    };
    if target.origin != options.url.origin {
        return wrong(format!(
            "it redirects to {}, another origin, where no credential goes; if that is \
             right, use its URL",
            target.origin
        ));
    }
    if !matches!(status, 307 | 308) {
        return wrong(
            "a redirect that would turn the request into another one; use the URL of the \
             endpoint itself"
                .to_owned(),
        );
    }
    Ok(target)
}
