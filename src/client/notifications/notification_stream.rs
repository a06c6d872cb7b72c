//! One standing stream: opened, read, and opened again when it breaks.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::backoff::Backoff;
use crate::client::core::backoff::jittered;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::core::subscriptions::StreamOpening;
use crate::client::http::request::HttpContext;
use crate::client::inbound::policy::Carrier;
use crate::client::inbound::policy::Fault;
use crate::client::inbound::router::Awaited;
use crate::client::inbound::router::{Routed, Router};
use crate::client::options::Options;
use crate::client::session::connect::Connected;
use crate::protocol::accepted::Accepted;
use crate::protocol::call::Call;
use crate::protocol::notification::NotificationKind;
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::session_loss::{self, RefusalFacts, RequestKind, Verdict};
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::transport::events::EventSource;
use crate::transport::http::HttpResponse;
use crate::transport::wait::Wait;
use crate::wire::http1::Media;
use crate::wire::json_members;

/// A stream that stood so long was worth opening.
const STEADY: Duration = Duration::from_secs(5);
/// One that stood for less was hardly there.
const BRIEF: Duration = Duration::from_secs(1);

/// One stream, from its opening to its end.
pub(crate) struct NotificationStream<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) generation: u64,
    pub(crate) stop: Arc<Signal>,
    pub(crate) opening: &'a StreamOpening,
    pub(crate) has_stood: Cell<bool>,
}

/// Opens the stream and reads it, again and again, until it is stopped.
pub(crate) async fn run(
    client: &Arc<Client>,
    generation: u64,
    stop: Arc<Signal>,
    opening: &StreamOpening,
) {
    let has_stood = Cell::new(false);
    let stream = NotificationStream { client, generation, stop, opening, has_stood };
    if let Err(error) = stream.run().await {
        client.subscriptions.set_failed(generation);
        opening.finish(Err(error));
    }
    opening.finish(Ok(()));
}

/// How a stream that stood came to its end.
#[derive(Debug, Default)]
pub(crate) struct Disconnected {
    pub(crate) last_event_id: Option<String>,
    pub(crate) retry: Option<Duration>,
    /// Whether anything came on it.
    pub(crate) has_spoken: bool,
}

impl NotificationStream<'_> {
    pub(crate) async fn run(&self) -> Result<()> {
        let client = self.client;
        let mut last_event_id: Option<String> = None;
        let mut backoff = Backoff::default();
        while client.subscriptions.is_current(self.generation) && !self.stop.is_raised() {
            let options = client.options();
            let wait = client.endless().or_abort(self.stop.clone());
            let begun = Instant::now();
            let result = self.stand(&options, last_event_id.take(), &wait).await;
            let asked = match result {
                Ok(fallen) => {
                    // One that is always cut after a word, to be back at once,
                    // is not worth it.
                    let is_worth = fallen.retry.is_none() || begun.elapsed() >= BRIEF;
                    if fallen.has_spoken && is_worth || begun.elapsed() >= STEADY {
                        backoff.reset();
                    }
                    last_event_id = fallen.last_event_id;
                    fallen.retry
                }
                Err(error) if matches!(error.status(), Status::Closed | Status::Cancelled) => {
                    return Err(error);
                }
                // The first attempt is the caller's.
                Err(error) if !self.has_stood.get() => return Err(error),
                Err(error) if is_final(&error) || !client.options().reconnects() => {
                    self.announce_end(&error, &wait);
                    return Err(error);
                }
                Err(error) => error.retry_after().map(|after| Duration::from_millis(after.into())),
            };
            wait.pause(jittered(backoff.pause(asked), self.generation)).await?;
        }
        Ok(())
    }

    /// Opens a stream and reads it to its end; in a new session, if the one
    /// that there was turns out to be lost.
    async fn stand(
        &self,
        options: &Arc<Options>,
        last_event_id: Option<String>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let client = self.client;
        let brief = client.wait(options, &Default::default(), true).or_abort(self.stop.clone());
        let Connected { session, is_new } =
            Ctx::new(client, options, &brief).connected_for_stream().await?;
        let result = self.stand_in(options, &session, last_event_id, &brief, wait).await;
        let method = "subscriptions/listen";
        let result =
            result.map_err(|error| rpc_error::unknown_method(error, &session.server_info, method));
        match result {
            Err(error) if !is_new && self.is_lost(options, &session, &error, &brief).await => {
                let session =
                    Ctx::new(client, options, &brief).connected_for_stream().await?.session;
                self.stand_in(options, &session, None, &brief, wait).await
            }
            result => result,
        }
    }

    /// Whether a stream is refused because its session is gone.
    async fn is_lost(
        &self,
        options: &Arc<Options>,
        session: &Arc<Session>,
        error: &Error,
        brief: &Wait,
    ) -> bool {
        // A server that has no sessions any more knows no GET either.
        let refusal = RefusalFacts { http_status: error.http_status(), rpc: None };
        let state = session.state(self.has_stood.get());
        if session_loss::judge(RequestKind::Listen, refusal, state) == Verdict::Unknown {
            Ctx::new(self.client, options, brief).forget_if_lost(session).await;
        }
        !self.client.is_current(session) && brief.check().is_ok()
    }

    async fn stand_in(
        &self,
        options: &Arc<Options>,
        session: &Arc<Session>,
        last_event_id: Option<String>,
        brief: &Wait,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let client = self.client;
        let wish = client.subscriptions.interest();
        let standing = session.dialect.notification_request(&wish, last_event_id.as_deref());
        if let Some(connection) = session.transport.shared_connection() {
            return match standing {
                NotificationRequest::Get(_) => self.stand_on(connection, session, wait).await,
                NotificationRequest::Listen(call) => {
                    let wanted = (&call, &wish);
                    self.subscribe_on(connection, options, session, wanted, brief, wait).await
                }
            };
        }
        let http = HttpContext::new(options, Some(session.dialect.as_ref()))?;
        match standing {
            NotificationRequest::Get(headers) => {
                let has_stood = self.has_stood.get();
                let reply = Ctx::new(client, options, brief).get(&headers, &http).await?;
                let reply = reply.map_err(|refused| {
                    let request = RequestKind::NotificationStream;
                    let verdict = refused.verdict(request, session, has_stood);
                    if verdict.is_lost() {
                        client.forget(session);
                    }
                    if verdict.is_without_stream() {
                        not_offered(refused.status)
                    } else {
                        refused.error
                    }
                })?;
                if !matches!(reply.head.media, Media::EventStream) {
                    return Err(Error::new(
                        Status::Unsupported,
                        "the server answered the GET for its stream with something else",
                    ));
                }
                self.stands(session, "{}", wait);
                let source = EventSource::new(reply, options.max_message);
                let router = self.router(options, session, wait, None, None);
                let mut ended = self.read(source, router, &http).await?;
                ended.last_event_id = ended.last_event_id.or(last_event_id);
                Ok(ended)
            }
            NotificationRequest::Listen(call) => {
                let id = client.next_id();
                let (source, accepted) =
                    self.begin(options, session, &call, id, &http, brief).await?;
                self.check(&accepted, &wish)?;
                self.stands(session, &accepted.json, wait);
                let router = self.router(options, session, wait, Some(id), Some(&accepted));
                self.read(source, router, &http).await
            }
        }
    }

    /// Sends the call whose response is a stream, and waits until the server
    /// acknowledges it.
    async fn begin<'a>(
        &'a self,
        options: &'a Arc<Options>,
        session: &'a Arc<Session>,
        call: &Call,
        id: i64,
        http: &HttpContext<'_>,
        wait: &'a Wait,
    ) -> Result<(EventSource<HttpResponse<'a>>, Accepted)> {
        let outgoing =
            session.dialect.request(call, &RequestMeta { id, ..RequestMeta::default() })?;
        let reply = Ctx::new(self.client, options, wait).open(session, &outgoing, http).await?;
        let mut source = EventSource::new(reply, options.max_message);
        let router = Router {
            carrier: Carrier::StreamOpening,
            ..self.router(options, session, wait, Some(id), None)
        };
        while let Some(event) = source.next_message(wait, &mut |_| false).await? {
            http.trace(event.data());
            let mut routed = Routed::default();
            router.route(event.text, event.start, &mut routed)?;
            if let Some(accepted) = routed.acknowledged {
                return Ok((source, *accepted));
            }
        }
        Err(Error::new(Status::Io, "the server ended the stream before it said what it will tell"))
    }

    fn router<'a>(
        &'a self,
        options: &'a Arc<Options>,
        session: &'a Arc<Session>,
        wait: &'a Wait,
        id: Option<i64>,
        accepted: Option<&'a Accepted>,
    ) -> Router<'a> {
        Router {
            ctx: Ctx::new(self.client, options, wait),
            carrier: Carrier::NotificationStream,
            target: session.target(),
            awaited: Awaited::Stream { id, accepted },
        }
    }

    /// Refuses a first stream that would not tell what it was opened for; the
    /// one before stays. One that stood before is good for what it tells.
    pub(crate) fn check(&self, granted: &Accepted, wish: &Interest) -> Result<()> {
        if self.has_stood.get() { Ok(()) } else { granted.of(wish) }
    }

    /// Says that a stream stands.
    pub(crate) fn stands(&self, session: &Arc<Session>, granted: &str, wait: &Wait) {
        let client = self.client;
        client.subscriptions.set_open(self.generation, &self.stop, session);
        if self.has_stood.replace(true) {
            // What changed meanwhile was not told.
            client.cache.clear();
            client.tool_catalog.clear();
            client.count_one(Counter::Resumptions);
        }
        if client.subscriptions.is_wanted() {
            client.announce(NotificationKind::Listening, granted, wait);
        }
        self.opening.finish(Ok(()));
    }

    /// Says that a stream which stood will not stand any more.
    fn announce_end(&self, error: &Error, wait: &Wait) {
        let client = self.client;
        if !client.subscriptions.is_wanted() {
            return;
        }
        let error = error.clone();
        let error = client.finished(error, "listen", &client.options());
        let params = json_members::object(|json| json.string("message", error.message()));
        client.announce(NotificationKind::Silent, &params, wait);
    }

    /// Reads the stream to its end.
    async fn read(
        &self,
        mut source: EventSource<HttpResponse<'_>>,
        router: Router<'_>,
        http: &HttpContext<'_>,
    ) -> Result<Disconnected> {
        let wait = router.ctx.wait;
        let mut has_spoken = false;
        loop {
            let event = match source.next_message(wait, &mut |_| false).await {
                Ok(Some(event)) => event,
                Err(error) if error.status() == Status::TooLarge => {
                    router.fault(Fault::TooLong, || error.clone())?;
                    return Err(error);
                }
                Err(error) if !matches!(error.status(), Status::Io | Status::Protocol) => {
                    return Err(error);
                }
                Ok(None) | Err(_) => {
                    let stream = source.stream();
                    let last_event_id = stream.last_id().map(str::to_owned);
                    let retry = stream.retry().map(|retry| Duration::from_millis(retry.into()));
                    return Ok(Disconnected { last_event_id, retry, has_spoken });
                }
            };
            http.trace(event.data());
            has_spoken = true;
            // On the background thread the answers to requests are queued.
            let mut routed = Routed::default();
            router.route(event.text, event.start, &mut routed)?;
            if routed.is_over {
                return Ok(Disconnected { has_spoken, ..Disconnected::default() });
            }
        }
    }
}

fn not_offered(http_status: u16) -> Error {
    Error::new(
        Status::Unsupported,
        format!("the server offers no stream of its own: it answered {http_status}"),
    )
    .with_http_status(http_status)
}

/// Whether another attempt would be in vain.
fn is_final(error: &Error) -> bool {
    rpc_error::is_unknown_method(error) || !session_loss::may_reopen(error.status())
}
