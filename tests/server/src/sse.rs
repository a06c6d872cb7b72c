//! HTTP+SSE of 2024-11-05: GET gives a stream that names an endpoint, POSTs
//! go there, and all that the server says comes on the stream.
//!
//! [`Sse`] is the handler. It serves what its [`Mcp`] offers, in the handshake
//! revisions, at any path that ends in the stream's; a test steers it while it
//! runs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::conversation::Conversation;
use crate::http::{self, Request};
use crate::mcp::{Config, Mcp};
use crate::pipe::{Pipe, pipe};
use crate::{Action, Carrier, Gate, await_true, scenario};

const MESSAGES: &str = "/messages/";
/// Two streams for so long are two of them, and not one after another.
const BESIDE: Duration = Duration::from_millis(500);

/// What the stream says about where to POST.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Endpoint {
    #[default]
    Relative,
    Absolute,
    /// `localhost` in place of `127.0.0.1`: another origin.
    OtherHost,
    OtherPort,
    OtherScheme,
    /// Another host in the form `//host/path`.
    SchemeRelative,
    UserInfo,
    NotUrl,
    Empty,
    /// No such event, and nothing else.
    Missing,
    /// The stream ends before it.
    Ends,
    /// The same event twice.
    Twice,
    /// Two events, of which the first counts.
    TwoOfThem,
    /// An event of another kind comes first.
    AfterOthers,
    /// The event's data, with `{origin}`, `{base}` and `{session}` for what
    /// they are.
    Text(String),
}

/// How the transport is to behave.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The end of the stream's path.
    pub path: String,
    pub endpoint: Endpoint,
    /// How long the endpoint's event takes.
    pub late: Duration,
    /// What a POST to the stream's path is answered with.
    pub refusal: u16,
    /// A comment on the stream each time.
    pub comments: Option<Duration>,
    /// How long the 202 takes; what it accepts is answered before.
    pub accepts_after: Duration,
    /// More than one client may be there at a time.
    pub has_many_clients: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            path: "/sse".into(),
            endpoint: Endpoint::default(),
            late: Duration::ZERO,
            refusal: 405,
            comments: Some(Duration::from_secs(15)),
            accepts_after: Duration::ZERO,
            has_many_clients: false,
        }
    }
}

/// A stream that was given out.
#[derive(Debug)]
struct Client {
    conversation: Arc<Conversation>,
    /// Where the client was told to POST, as it stands in the request.
    target: String,
    announced: Gate,
    headers: Vec<(String, String)>,
}

#[derive(Debug)]
struct Refusal {
    http: &'static str,
    /// Of that JSON-RPC method alone.
    rpc: Option<String>,
    left: usize,
    status: u16,
}

#[derive(Debug, Default)]
struct State {
    clients: HashMap<String, Client>,
    refusals: Vec<Refusal>,
    hold: Option<Gate>,
    given: usize,
}

#[derive(Debug)]
pub struct Sse {
    pub mcp: Arc<Mcp>,
    shape: Shape,
    state: Mutex<State>,
}

impl Sse {
    pub fn new(config: Config, shape: Shape) -> Self {
        Self { mcp: Arc::new(Mcp::new(config)), shape, state: Mutex::default() }
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        let state = self.state.lock().unwrap();
        state.clients.values().filter(|client| client.conversation.out().is_open()).count()
    }

    pub fn await_streams(&self, count: usize, limit: Duration) -> bool {
        await_true(limit, || self.streams() == count)
    }

    /// Breaks the connections of all streams, and with them their sessions.
    pub fn break_streams(&self) {
        for (_, client) in self.state.lock().unwrap().clients.drain() {
            client.conversation.out().play(Action::Close);
        }
    }

    /// Ends all streams in order.
    pub fn end_streams(&self) {
        for (_, client) in self.state.lock().unwrap().clients.drain() {
            client.conversation.out().play(Action::End);
            client.conversation.out().end();
        }
    }

    /// Knows no session any more, though the streams stand.
    pub fn forget_sessions(&self) {
        let mut state = self.state.lock().unwrap();
        // The streams' pipes stay, or the streams would end.
        let old: Vec<Client> = state.clients.drain().map(|(_, client)| client).collect();
        for (number, client) in old.into_iter().enumerate() {
            let forgotten = format!("forgotten {} {number}", state.given);
            state.clients.insert(forgotten, client);
        }
    }

    /// Answers the next GETs with a status.
    pub fn refuse_gets(&self, count: usize, status: u16) {
        self.refuse("GET", None, count, status);
    }

    /// Answers the next POSTs to the endpoint with a status.
    pub fn refuse_posts(&self, count: usize, status: u16) {
        self.refuse("POST", None, count, status);
    }

    /// The same, of one JSON-RPC method.
    pub fn refuse_posts_of(&self, method: &str, count: usize, status: u16) {
        self.refuse("POST", Some(method.to_owned()), count, status);
    }

    fn refuse(&self, http: &'static str, rpc: Option<String>, left: usize, status: u16) {
        self.state.lock().unwrap().refusals.push(Refusal { http, rpc, left, status });
    }

    /// New streams name their endpoint when the gate is opened.
    pub fn hold_endpoints(&self) -> Gate {
        self.state.lock().unwrap().hold.get_or_insert_default().clone()
    }

    pub fn handle(&self, request: &Request) -> Vec<Action> {
        let path = request.path();
        let is_stream = path.ends_with(&self.shape.path);
        if !is_stream && !path.ends_with(MESSAGES) {
            return reply(404, "Not Found");
        }
        if let Some(refusal) = self.mcp.refuse_credential(request) {
            return vec![Action::Send(refusal)];
        }
        match (request.method.as_str(), is_stream) {
            ("GET", true) => self.stream(request),
            ("HEAD", true) => vec![Action::Send(head())],
            ("POST", false) => self.message(request),
            (_, true) if self.shape.refusal != 405 => reply(self.shape.refusal, "Refused"),
            _ => {
                let allowed = if is_stream { "GET, HEAD" } else { "POST" };
                let headers = [("allow", allowed), ("content-type", "text/plain; charset=utf-8")];
                vec![Action::Send(http::reply(405, &headers, b"Method Not Allowed"))]
            }
        }
    }

    fn stream(&self, request: &Request) -> Vec<Action> {
        let mut state = self.state.lock().unwrap();
        if let Some(status) = state.refusal(request) {
            return vec![Action::Send(scenario::status(status))];
        }
        self.check_get(request);
        state.given += 1;
        let session = format!("{:032x}", state.given as u128 * 0x2f0c_1b5d_93e7_48a6_b2d1);
        let base = request.path().strip_suffix(&self.shape.path).unwrap_or_default();
        let target = format!("{base}{MESSAGES}?session_id={session}");
        let (out, feed) = pipe();
        let announced = Gate::default();
        let host = request.header("host").unwrap_or_default();
        let steps = self.announcement(host, base, &target, &session);
        let held = state.hold.clone().filter(|hold| !hold.is_open());
        if self.shape.late.is_zero() && held.is_none() {
            steps.into_iter().for_each(|step| out.play(step));
            announced.open();
        } else {
            let (out, announced, late) = (out.clone(), announced.clone(), self.shape.late);
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                if let Some(hold) = held {
                    hold.wait().await;
                }
                steps.into_iter().for_each(|step| out.play(step));
                announced.open();
            });
        }
        if let Some(pause) = self.shape.comments {
            tokio::spawn(comment(out.clone(), pause));
        }
        self.check_single(&state, &out);
        let conversation = Conversation::new(session.clone(), Carrier::Sse, out);
        let headers = request.headers.clone();
        let client = Client { conversation, target, announced, headers };
        state.clients.insert(session, client);
        vec![Action::Send(head()), Action::Feed(feed)]
    }

    /// What is said first on a stream.
    fn announcement(&self, host: &str, base: &str, target: &str, session: &str) -> Vec<Action> {
        let port = host.rsplit_once(':').map_or("80", |(_, port)| port);
        let event = |data: &str| {
            let text = format!("event: endpoint\r\ndata: {data}\r\n\r\n");
            Action::Send(http::chunk(text.as_bytes()))
        };
        let one = |data: String| vec![event(&data)];
        match &self.shape.endpoint {
            Endpoint::Relative => one(target.to_owned()),
            Endpoint::Absolute => one(format!("http://{host}{target}")),
            Endpoint::OtherHost => one(format!("http://localhost:{port}{target}")),
            Endpoint::OtherPort => one(format!("http://127.0.0.1:1{target}")),
            Endpoint::OtherScheme => one(format!("https://{host}{target}")),
            Endpoint::SchemeRelative => one(format!("//localhost:{port}{target}")),
            Endpoint::UserInfo => one(format!("http://user:word@{host}{target}")),
            Endpoint::NotUrl => one("http://[not a url".into()),
            Endpoint::Empty => one(String::new()),
            Endpoint::Missing => Vec::new(),
            Endpoint::Ends => vec![Action::End, Action::Close],
            Endpoint::Twice => vec![event(target), event(target)],
            Endpoint::TwoOfThem => vec![event(target), event(&format!("{target}0"))],
            Endpoint::AfterOthers => vec![
                Action::Send(http::chunk(b": hello\r\n\r\nevent: other\r\ndata: /x\r\n\r\n")),
                event(target),
            ],
            Endpoint::Text(text) => one(text
                .replace("{origin}", &format!("http://{host}"))
                .replace("{base}", base)
                .replace("{session}", session)),
        }
    }

    fn message(&self, request: &Request) -> Vec<Action> {
        if self.mcp.may_forget(&request.rpc_method()) {
            self.break_streams();
        }
        let mut state = self.state.lock().unwrap();
        if let Some(status) = state.refusal(request) {
            return vec![Action::Send(scenario::status(status))];
        }
        let query = request.target.split_once('?').map_or("", |(_, query)| query);
        let session = query.split('&').find_map(|pair| pair.strip_prefix("session_id="));
        let Some(session) = session else { return reply(400, "session_id is required") };
        let known = state.clients.get(session);
        let Some(client) = known.filter(|client| client.conversation.out().is_open()) else {
            state.clients.remove(session);
            drop(state);
            self.mcp.end_session(session);
            return reply(404, "Could not find session");
        };
        self.check_post(request, client);
        if serde_json::from_slice::<serde_json::Value>(&request.body).is_err() {
            self.mcp.violation("POST: no JSON");
            return reply(400, "Could not parse message");
        }
        let conversation = client.conversation.clone();
        drop(state);
        conversation.take(&self.mcp, request);
        let accepted = Action::Send(http::reply(202, &[], b"Accepted"));
        if self.shape.accepts_after.is_zero() {
            return vec![accepted];
        }
        vec![Action::Pause(self.shape.accepts_after), accepted]
    }

    fn check_get(&self, request: &Request) {
        let accept = request.header("accept").unwrap_or_default();
        if !accept.contains("text/event-stream") {
            self.mcp.violation("GET: Accept lacks text/event-stream");
        }
        if request.header("last-event-id").is_some() {
            self.mcp.violation("GET: Last-Event-ID, where nothing is resumed");
        }
        self.check_session_header(request);
    }

    fn check_session_header(&self, request: &Request) {
        if request.header("mcp-session-id").is_some() {
            self.mcp.violation(format!("{}: Mcp-Session-Id over HTTP+SSE", request.method));
        }
    }

    fn check_post(&self, request: &Request, client: &Client) {
        self.mcp.check_headers(request);
        self.check_session_header(request);
        let method = request.rpc_method();
        if request.target != client.target {
            self.mcp.violation(format!("{method}: POST to {}", request.target));
        }
        if !client.announced.is_open() {
            self.mcp.violation(format!("{method}: POST before the endpoint is known"));
        }
        if self.shape.endpoint.is_refused() {
            self.mcp.violation(format!("{method}: POST to an endpoint that is none"));
        }
        // What the program says goes along everywhere.
        let is_own = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.starts_with("x-") || ["authorization", "user-agent"].contains(&name.as_str())
        };
        for (name, value) in client.headers.iter().filter(|(name, _)| is_own(name)) {
            if request.header(name) != Some(value) {
                self.mcp.violation(format!("{method}: {name} is not that of the GET"));
            }
        }
    }

    fn check_single(&self, state: &State, new: &Pipe) {
        if self.shape.has_many_clients {
            return;
        }
        let (mcp, new) = (self.mcp.clone(), new.clone());
        let others = state.clients.values().map(|client| client.conversation.out());
        let others: Vec<Pipe> = others.filter(|out| out.is_open()).cloned().collect();
        if !others.is_empty() {
            tokio::spawn(async move {
                tokio::time::sleep(BESIDE).await;
                if new.is_open() && others.iter().any(Pipe::is_open) {
                    mcp.violation("GET: a second stream beside the first");
                }
            });
        }
    }
}

impl Endpoint {
    /// Whether a client must not POST anywhere.
    fn is_refused(&self) -> bool {
        let fine =
            [Self::Relative, Self::Absolute, Self::Twice, Self::TwoOfThem, Self::AfterOthers];
        !fine.contains(self) && !matches!(self, Self::Text(_))
    }
}

impl State {
    /// The status that this request is to get, if it is to get one.
    fn refusal(&mut self, request: &Request) -> Option<u16> {
        let rpc = request.rpc_method();
        let is_that = |one: &&mut Refusal| {
            one.left > 0
                && one.http == request.method
                && one.rpc.as_ref().is_none_or(|of| *of == rpc)
        };
        let found = self.refusals.iter_mut().find(is_that)?;
        found.left -= 1;
        Some(found.status)
    }
}

async fn comment(out: Pipe, pause: Duration) {
    loop {
        tokio::time::sleep(pause).await;
        if !out.is_open() {
            return;
        }
        out.send(http::chunk(b": ping - 2024-11-05 00:00:00+00:00\r\n\r\n"));
    }
}

fn head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncache-control: no-store\r\nconnection: keep-alive\r\n\
        content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
        .to_vec()
}

fn reply(status: u16, text: &str) -> Vec<Action> {
    let headers = [("content-type", "text/plain; charset=utf-8")];
    vec![Action::Send(http::reply(status, &headers, text.as_bytes()))]
}
