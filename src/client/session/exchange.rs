//! One message to the server and what comes back: an answer, a refusal, or
//! the news that the session is gone. How it travels is in `send` and
//! `channel`, what a reply says in `reply`.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::app::request::ProgressReport;
use crate::client::core::connection_limit::ConnectionPermit;
use crate::client::core::outbox;
use crate::client::http::error;
use crate::client::http::request::{EXCERPT, HttpContext, HttpRequest, Refused};
use crate::client::options::Options;
use crate::client::session::transport::Transport;
use crate::client::{Client, Counter, Session};
use crate::protocol::input_request::Answered;
use crate::protocol::{Dialect, Outgoing, call::Call};
use crate::transport::http::Reply;
use crate::transport::wait::{Wait, now};
use crate::wire::http1::Media;
use crate::wire::jsonrpc::{self, Answer, Id, RpcError};
use crate::wire::url::Url;

/// Who is spoken to, and in which words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) transport: &'a Transport,
    /// Reads what comes, and writes the answers to the server's requests.
    pub(crate) dialect: &'a dyn Dialect,
    /// Whose questions go to the program; `None` before there is one.
    pub(crate) session: Option<&'a Arc<Session>>,
}

/// A message on its way: what it is and what it may be answered with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboundMessage<'a> {
    pub(crate) outgoing: &'a Outgoing,
    /// The id of the request; `None` for what is not answered.
    pub(crate) id: Option<i64>,
    pub(crate) is_repeatable: bool,
    pub(crate) peer: Target<'a>,
    pub(crate) report: Option<&'a Arc<ProgressReport>>,
}

impl<'a> OutboundMessage<'a> {
    /// What is sent for itself, and not answered.
    pub(crate) fn notification(outgoing: &'a Outgoing, peer: Target<'a>) -> Self {
        Self { outgoing, id: None, is_repeatable: false, peer, report: None }
    }
}

/// What came back, short of what is final whatever was asked.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A result, and the session id of the reply.
    Answer(Answer, Option<String>),
    /// A notification or an answer was taken.
    Accepted,
    Rpc(RpcRefused),
    /// A status without a JSON-RPC error, or a reply that is not MCP.
    NotMcp(u16, Error),
}

impl Outcome {
    /// Whether the server does not know the session, or the revision, any
    /// more. The request was refused before it ran, so that any may be
    /// repeated.
    pub(crate) fn is_loss(&self, session: &Session) -> bool {
        match self {
            Self::NotMcp(status, _) => is_loss(session, *status, None),
            Self::Rpc(RpcRefused { rpc, http_status, is_anonymous, .. }) => {
                is_loss(session, *http_status, Some((rpc.code, *is_anonymous)))
            }
            _ => false,
        }
    }

    /// The same, as the answer to a method that the server may not offer.
    pub(crate) fn to(self, session: &Session, method: &str) -> Self {
        match self {
            Self::Rpc(refusal) => Self::Rpc(RpcRefused {
                error: error::unknown_method(refusal.error, &session.server_info, method),
                ..refusal
            }),
            other => other,
        }
    }
}

#[derive(Debug)]
pub(crate) struct RpcRefused {
    pub(crate) rpc: RpcError,
    /// The error to show for it.
    pub(crate) error: Error,
    pub(crate) http_status: u16,
    /// Whether the error names no request.
    pub(crate) is_anonymous: bool,
}

/// Whether a refusal says that the session, or the revision, is not known any
/// more; `rpc` is the error's code, and whether it names no request.
pub(crate) fn is_loss(session: &Session, http_status: u16, rpc: Option<(i32, bool)>) -> bool {
    let can_be_lost = session.can_be_lost();
    let is_old = !session.server_info.revision.is_stateless();
    match (http_status, rpc) {
        (404, _) if can_be_lost => true,
        (_, Some((UNSUPPORTED_VERSION, _))) => true,
        // Only a server of the stateless dialect says so.
        (400, Some((HEADER_MISMATCH | MISSING_CAPABILITY, _))) => is_old,
        // A restarted server of the TypeScript SDK with a single session, or
        // one that has sessions now and had none before.
        (400, Some((NOT_INITIALIZED, is_anonymous))) => is_anonymous,
        (400, Some((INVALID_REQUEST, is_anonymous))) => is_anonymous && !can_be_lost,
        _ => false,
    }
}

const INVALID_REQUEST: i32 = -32600;
const NOT_INITIALIZED: i32 = -32000;
pub(crate) const HEADER_MISMATCH: i32 = -32020;
const MISSING_CAPABILITY: i32 = -32021;
const UNSUPPORTED_VERSION: i32 = -32022;

impl Client {
    pub(crate) async fn post(
        self: &Arc<Self>,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Outcome> {
        if let Transport::SharedConnection(channel) = post.peer.transport {
            return self.post_on(channel, options, post, wait).await;
        }
        let way = HttpContext::new(options, Some(post.peer.dialect))?;
        let sent = HttpRequest::post(&options.address()?.url, post);
        let _lane = self.lane(wait).await?;
        match self.send(options, &sent, &way, wait).await? {
            Ok(reply) => {
                let is_repeated = reply.is_repeated;
                let ending = self.read(options, post, reply, &way, wait).await;
                ending.map_err(|error| error.with_repetition(is_repeated))
            }
            Err(refused) => refused.ending(),
        }
    }

    /// The right to a connection, for a request that was started.
    async fn lane(&self, wait: &Wait) -> Result<Option<ConnectionPermit<'_>>> {
        if wait.is_queued() { self.connection_limit.enter(wait).await.map(Some) } else { Ok(None) }
    }

    /// Sends a message to where HTTP with SSE takes them; what is answered
    /// comes on its stream, but for a refusal.
    pub(crate) async fn send_post(
        self: &Arc<Self>,
        url: &Url,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Option<Outcome>> {
        let way = HttpContext::new(options, Some(post.peer.dialect))?;
        let _lane = self.lane(wait).await?;
        match self.send(options, &HttpRequest::post(url, post), &way, wait).await? {
            Ok(reply) => {
                reply.release();
                Ok(None)
            }
            Err(refused) => refused.ending().map(Some),
        }
    }

    /// Sends a call whose answer is a stream that does not end.
    pub(crate) async fn open<'a>(
        self: &Arc<Self>,
        options: &'a Options,
        session: &Arc<Session>,
        outgoing: &Outgoing,
        way: &HttpContext<'_>,
        wait: &Wait,
    ) -> Result<Reply<'a>> {
        let Outgoing { headers, body } = outgoing;
        let url = &options.address()?.url;
        let sent = HttpRequest {
            verb: "POST",
            url,
            headers,
            body: Some(body),
            is_repeatable: true,
            patience: None,
        };
        match self.send(options, &sent, way, wait).await? {
            Ok(reply) if matches!(reply.head.media, Media::EventStream) => Ok(reply),
            Ok(mut reply) => {
                let body = reply.read_excerpt(EXCERPT, wait).await;
                way.trace(&body);
                let status = reply.head.status;
                reply.release();
                let found = jsonrpc::find_error(&body);
                Err(error::no_stream(found.as_ref().map(|(_, rpc)| rpc), status))
            }
            Err(refused) => {
                if refused.is_loss(session) {
                    self.forget(session);
                }
                Err(refused.error)
            }
        }
    }

    /// Sends a notification in the words of the session.
    pub(crate) async fn notify_within(
        self: &Arc<Self>,
        options: &Arc<Options>,
        call: &Call,
        wait: &Wait,
    ) -> Result<()> {
        let mut has_recovered = false;
        loop {
            let session = self.connected(options, wait).await?.session;
            let outgoing = session.dialect.notification(call);
            let post = OutboundMessage::notification(&outgoing, session.peer());
            let ending = self.post(options, post, wait).await?;
            if ending.is_loss(&session) {
                self.forget(&session);
                if !has_recovered {
                    has_recovered = true;
                    self.count_one(Counter::Repetitions);
                    continue;
                }
            }
            return match ending {
                Outcome::Accepted | Outcome::Answer(..) => Ok(()),
                Outcome::Rpc(refusal) => Err(refusal.error),
                Outcome::NotMcp(_, error) => Err(error),
            };
        }
    }

    /// Sends the answer to a question, on whichever thread it was given.
    pub(crate) fn respond(
        self: &Arc<Self>,
        session: &Arc<Session>,
        id: &str,
        answered: &Answered,
    ) -> Result<()> {
        let Some(outgoing) = session.dialect.respond(id, answered) else { return Ok(()) };
        if !self.is_current(session) {
            return Err(Error::new(
                Status::SessionLost,
                "the session in which the server asked is gone: nobody waits for the answer",
            ));
        }
        if self.has_background() {
            return self.send_apart(session, outbox::OutboxKind::Answer, outgoing);
        }
        let options = self.options();
        let wait = self.wait(&options, &Default::default(), false);
        let post = OutboundMessage::notification(&outgoing, session.peer());
        now(self.post(&options, post, &wait))
            .map(drop)
            .map_err(|error| self.finished(error, "the answer to the server", &options))
    }
}

impl Refused {
    /// On a status other than 2xx an error belongs to the request that it
    /// answers, whatever its id.
    fn ending(self) -> Result<Outcome> {
        let Self { status: http_status, error, found } = self;
        if error::is_final(http_status) {
            return Err(error);
        }
        Ok(match found {
            Some((id, rpc)) => {
                let is_anonymous = !matches!(id, Id::Number(_));
                Outcome::Rpc(RpcRefused { rpc, error, http_status, is_anonymous })
            }
            None => Outcome::NotMcp(http_status, error),
        })
    }
}
