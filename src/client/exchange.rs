//! One message to the server and the way of its reply: credentials, statuses,
//! redirects. What the reply says is read in `reply`.

use std::sync::Arc;

use crate::auth::bearer::Token;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::base::sys::Signal;
use crate::client::inbox::Item;
use crate::client::options::Options;
use crate::client::request::Report;
use crate::client::transport::Transport;
use crate::client::{Client, Counter, Session, lock, refusal};
use crate::protocol::question::Answered;
use crate::protocol::{Era, Headers, Outgoing, call::Call};
use crate::transport::http::{Reply, Request, Setting};
use crate::transport::link::Route;
use crate::transport::wait::{Wait, now};
use crate::wire::http1::Media;
use crate::wire::jsonrpc::{self, Answer, Id, RpcError};
use crate::wire::url::Url;

/// Who is spoken to, and in which words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer<'a> {
    pub(crate) transport: &'a Transport,
    /// Reads what comes, and writes the answers to the server's requests.
    pub(crate) era: &'a dyn Era,
    /// Whose questions go to the program; `None` before there is one.
    pub(crate) session: Option<&'a Arc<Session>>,
}

/// A message on its way: what it is and what it may be answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post<'a> {
    pub(crate) outgoing: &'a Outgoing,
    /// The id of the request; `None` for what is not answered.
    pub(crate) id: Option<i64>,
    pub(crate) is_repeatable: bool,
    pub(crate) peer: Peer<'a>,
    pub(crate) report: Option<&'a Arc<Report>>,
}

impl<'a> Post<'a> {
    /// What is sent for itself, and not answered.
    pub(crate) fn notification(outgoing: &'a Outgoing, peer: Peer<'a>) -> Self {
        Self { outgoing, id: None, is_repeatable: false, peer, report: None }
    }
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

const METHOD_NOT_FOUND: i32 = -32601;
const ACCEPT: &str = "application/json, text/event-stream";

/// What goes by for all requests of one exchange.
pub(crate) struct Way<'a> {
    route: std::borrow::Cow<'a, Route>,
    secrets: Vec<Secret>,
    options: &'a Options,
}

impl<'a> Way<'a> {
    pub(crate) fn new(options: &'a Options, era: Option<&dyn Era>) -> Result<Self> {
        // Only a trace shows what is sent; errors are masked by the caller.
        let mut secrets = Vec::new();
        if options.trace.is_some() {
            secrets = options.secrets();
            secrets.extend(era.and_then(Era::session_id).map(Into::into));
        }
        Ok(Self { route: options.current_route()?, secrets, options })
    }

    pub(crate) fn setting(&self) -> Setting<'_> {
        Setting {
            route: &self.route,
            connect_timeout: self.options.connect_timeout,
            trace: self.options.trace.as_deref(),
            secrets: &self.secrets,
        }
    }

    /// A line of the trace.
    pub(crate) fn trace(&self, text: &[u8]) {
        if let Some(trace) = &self.options.trace {
            trace.line("<", &String::from_utf8_lossy(text), &self.secrets);
        }
    }
}

impl Client {
    pub(crate) async fn post(
        self: &Arc<Self>,
        options: &Options,
        post: Post<'_>,
        wait: &Wait,
    ) -> Result<Ending> {
        if let Transport::Channel(channel) = post.peer.transport {
            return self.post_on(channel, options, post, wait).await;
        }
        let way = Way::new(options, Some(post.peer.era))?;
        let sent = Sent::post(&options.address()?.url, post);
        match self.send(options, &sent, &way, wait).await? {
            Ok(reply) => self.read(options, post, reply, &way, wait).await,
            Err(refused) => refused.ending(),
        }
    }

    /// Sends a message to where HTTP with SSE takes them; what is answered
    /// comes on its stream, but for a refusal.
    pub(crate) async fn send_post(
        self: &Arc<Self>,
        url: &Url,
        options: &Options,
        post: Post<'_>,
        wait: &Wait,
    ) -> Result<Option<Ending>> {
        let way = Way::new(options, Some(post.peer.era))?;
        match self.send(options, &Sent::post(url, post), &way, wait).await? {
            Ok(reply) => {
                reply.release();
                Ok(None)
            }
            Err(refused) => refused.ending().map(Some),
        }
    }

    /// Opens a stream of the server's.
    pub(crate) async fn get<'a>(
        self: &Arc<Self>,
        options: &'a Options,
        headers: &Headers,
        way: &Way<'_>,
        wait: &Wait,
    ) -> Result<std::result::Result<Reply<'a>, Refused>> {
        let url = &options.address()?.url;
        let get = Sent { verb: "GET", url, headers, body: None, is_repeatable: true };
        self.send(options, &get, way, wait).await
    }

    /// Sends a call whose answer is a stream that does not end.
    pub(crate) async fn open<'a>(
        self: &Arc<Self>,
        options: &'a Options,
        outgoing: &Outgoing,
        way: &Way<'_>,
        wait: &Wait,
    ) -> Result<Reply<'a>> {
        let Outgoing { headers, body } = outgoing;
        let url = &options.address()?.url;
        let sent = Sent { verb: "POST", url, headers, body: Some(body), is_repeatable: true };
        match self.send(options, &sent, way, wait).await? {
            Ok(reply) if matches!(reply.head.media, Media::EventStream) => Ok(reply),
            Ok(mut reply) => {
                let body = reply.read_excerpt(EXCERPT, wait).await;
                way.trace(&body);
                let status = reply.head.status;
                reply.release();
                let found = jsonrpc::find_error(&body);
                Err(refusal::no_stream(found.as_ref().map(|(_, rpc)| rpc), status))
            }
            Err(refused) if refused.rpc_code() == Some(METHOD_NOT_FOUND) => {
                Err(refusal::no_stream(None, refused.status))
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Sends a request with the credential that there is, and once more with
    /// another one where the server answers 401.
    async fn send<'a>(
        self: &Arc<Self>,
        options: &'a Options,
        sent: &Sent<'_>,
        way: &Way<'_>,
        wait: &Wait,
    ) -> Result<std::result::Result<Reply<'a>, Refused>> {
        let mut token = self.token(options, wait).await?;
        let mut has_retried = false;
        loop {
            let lines = lines(options, token.as_ref(), sent)?;
            let mut reply = follow(options, sent, &lines, way.setting(), wait).await?;
            if reply.is_repeated {
                self.count_one(Counter::Repetitions);
            }
            let status = reply.head.status;
            if (200..300).contains(&status) {
                return Ok(Ok(reply));
            }
            let body = reply.read_excerpt(EXCERPT, wait).await;
            way.trace(&body);
            let found = jsonrpc::find_error(&body);
            let rpc = found.as_ref().map(|(_, rpc)| rpc);
            let error = refusal::error(&reply.head, &body, rpc, token.is_some());
            reply.release();
            if status == 401 && !has_retried {
                has_retried = true;
                if let Some(other) = self.other_token(options, token.as_ref(), wait).await? {
                    token = Some(other);
                    continue;
                }
            }
            return Ok(Err(Refused { status, error, found }));
        }
    }

    /// Ends the session at the server, without a word about how that went.
    pub(crate) async fn end_session(&self, options: &Options, era: &dyn Era, wait: &Wait) {
        let Some(headers) = era.end() else { return };
        let (Ok(way), Ok(address)) = (Way::new(options, Some(era)), options.address()) else {
            return;
        };
        let (url, headers) = (&address.url, &headers);
        let delete = Sent { verb: "DELETE", url, headers, body: None, is_repeatable: true };
        // The program is not asked for a token any more.
        let token = options.credential.current();
        let Ok(lines) = lines(options, token.as_ref(), &delete) else { return };
        if let Ok(reply) = follow(options, &delete, &lines, way.setting(), wait).await {
            reply.release();
        }
    }

    /// Sends a notification in the words of the session.
    pub(crate) async fn notify_within(
        self: &Arc<Self>,
        options: &Arc<Options>,
        call: &Call,
        wait: &Wait,
    ) -> Result<()> {
        let session = self.connected(options, wait).await?.session;
        let outgoing = session.era.notification(call);
        match self.post(options, Post::notification(&outgoing, session.peer()), wait).await? {
            Ending::Accepted | Ending::Answer(..) => Ok(()),
            Ending::Rpc(refusal) => Err(refusal.error),
            Ending::NotMcp(_, error) => Err(error),
        }
    }

    /// Sends the answer to a question, on whichever thread it was given.
    pub(crate) fn respond(
        self: &Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        answered: &Answered,
    ) -> Result<()> {
        let Some(outgoing) = session.era.respond(id, answered) else { return Ok(()) };
        let is_current = self.current_session().is_some_and(|now| Arc::ptr_eq(&now, session));
        if !is_current {
            return Err(Error::new(
                Status::SessionLost,
                "the session in which the server asked is gone: nobody waits for the answer",
            ));
        }
        if self.has_background() {
            return self.send_apart(session, outgoing);
        }
        let options = self.options();
        let wait = self.wait(&options, &Default::default(), false);
        let post = Post::notification(&outgoing, session.peer());
        now(self.post(&options, post, &wait))
            .map(drop)
            .map_err(|error| self.finished(error, "the answer to the server", &options))
    }

    /// The token for a request. The program is asked for it on a thread of
    /// its own.
    async fn token(self: &Arc<Self>, options: &Options, wait: &Wait) -> Result<Option<Token>> {
        if options.is_insecure() {
            return Err(Error::new(
                Status::Insecure,
                format!(
                    "a credential over plain http to {} could be read on the way: use \
                     https, or allow it with mcp_client_set_allow_plain_http()",
                    quote(&options.address()?.url.origin.host)
                ),
            ));
        }
        let credential = options.credential.clone();
        if !wait.is_background() || !credential.asks() || credential.current().is_some() {
            return credential.token();
        }
        self.ask_program(wait, move || credential.token()).await
    }

    /// Another token than the one that was refused, if there is one to try.
    async fn other_token(
        self: &Arc<Self>,
        options: &Options,
        refused: Option<&Token>,
        wait: &Wait,
    ) -> Result<Option<Token>> {
        let credential = options.credential.clone();
        if !wait.is_background() || !credential.asks() {
            return credential.refused(refused);
        }
        let refused = refused.cloned();
        self.ask_program(wait, move || credential.refused(refused.as_ref())).await
    }

    /// Has code of the program run when it next looks, and waits for it.
    async fn ask_program<T: Send + 'static>(
        &self,
        wait: &Wait,
        ask: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let signal = Signal::new().map_err(|error| {
            Error::new(Status::Internal, format!("no descriptor to wait with: {error}"))
        })?;
        let (signal, slot) = (Arc::new(signal), Arc::new(std::sync::Mutex::new(None)));
        let (theirs, place) = (signal.clone(), slot.clone());
        self.inbox.push(Item::Work(Box::new(move || {
            let answer = ask();
            *lock(&place) = Some(answer);
            theirs.raise();
        })));
        wait.until_raised(&signal).await?;
        let answer = lock(&slot).take();
        answer.unwrap_or_else(|| Err(Error::new(Status::Internal, "an answer that was lost")))
    }
}

/// A reply that is not 2xx.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// The error to show for it.
    pub(crate) error: Error,
    found: Option<(Id, RpcError)>,
}

impl Refused {
    /// Whether it says nothing about the protocol.
    pub(crate) fn is_final(&self) -> bool {
        refusal::is_final(self.status)
    }

    fn rpc_code(&self) -> Option<i32> {
        self.found.as_ref().map(|(_, rpc)| rpc.code)
    }

    /// On a status other than 2xx an error belongs to the request that it
    /// answers, whatever its id.
    fn ending(self) -> Result<Ending> {
        let Self { status: http_status, error, found } = self;
        if refusal::is_final(http_status) {
            return Err(error);
        }
        Ok(match found {
            Some((id, rpc)) => {
                let is_anonymous = !matches!(id, Id::Number(_));
                Ending::Rpc(RpcRefusal { rpc, error, http_status, is_anonymous })
            }
            None => Ending::NotMcp(http_status, error),
        })
    }
}

/// A request to the server, wherever on its origin it leads.
struct Sent<'a> {
    verb: &'static str,
    url: &'a Url,
    headers: &'a Headers,
    body: Option<&'a [u8]>,
    is_repeatable: bool,
}

impl<'a> Sent<'a> {
    fn post(url: &'a Url, post: Post<'a>) -> Self {
        let Post { outgoing: Outgoing { headers, body }, is_repeatable, .. } = post;
        Self { verb: "POST", url, headers, body: Some(body), is_repeatable }
    }
}

/// Name, value, and whether the value is a secret.
type Line<'a> = (&'a str, &'a str, bool);

/// The headers of a request, but for those that frame it.
fn lines<'a>(
    options: &'a Options,
    token: Option<&'a Token>,
    sent: &Sent<'a>,
) -> Result<Vec<Line<'a>>> {
    let mut lines = Vec::with_capacity(10 + options.headers.len());
    lines.push(("Host", options.address()?.authority.as_str(), false));
    if !options.has_header("user-agent") {
        lines.push(("User-Agent", options.user_agent.as_str(), false));
    }
    if let Some(token) = token {
        lines.push(("Authorization", token.header(), true));
    }
    for header in &options.headers {
        lines.push((header.name.as_str(), header.value.expose(), true));
    }
    match sent.verb {
        "POST" => {
            lines.push(("Accept", ACCEPT, false));
            lines.push(("Accept-Encoding", "identity", false));
            lines.push(("Content-Type", "application/json", false));
        }
        "GET" => {
            lines.push(("Accept", "text/event-stream", false));
            lines.push(("Accept-Encoding", "identity", false));
        }
        _ => {}
    }
    for (name, value) in sent.headers {
        lines.push((name, value, *name == "Mcp-Session-Id"));
    }
    Ok(lines)
}

/// Sends a request, and again to where a redirect of the same origin leads.
async fn follow<'a>(
    options: &'a Options,
    sent: &Sent<'_>,
    headers: &[Line<'_>],
    setting: Setting<'_>,
    wait: &Wait,
) -> Result<Reply<'a>> {
    let mut moved: Option<Url> = None;
    for _ in 0..=REDIRECTS {
        let request = Request {
            verb: sent.verb,
            url: moved.as_ref().unwrap_or(sent.url),
            headers,
            body: sent.body,
            is_repeatable: sent.is_repeatable,
        };
        let reply = options.http.send(&request, setting, wait).await?;
        if !(300..400).contains(&reply.head.status) {
            return Ok(reply);
        }
        moved = Some(redirected(request.url, &reply)?);
        reply.release();
    }
    Err(Error::new(
        Status::Redirect,
        format!("the server redirects in a circle: more than {REDIRECTS} times"),
    ))
}

/// Where a redirect leads, if it may be followed: the same origin, and with
/// the method and the body as they are.
fn redirected(from: &Url, reply: &Reply<'_>) -> Result<Url> {
    let status = reply.head.status;
    let wrong = |what: String| {
        Err(Error::new(Status::Redirect, format!("the server answered {status}: {what}"))
            .with_http_status(status))
    };
    let Some(location) = &reply.head.location else {
        return wrong("a redirect without a target".to_owned());
    };
    let Some(target) = from.join(location) else {
        return wrong("a redirect to what is no URL of a server".to_owned());
    };
    if target.origin != from.origin {
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
