//! Opens the notification stream, reads it, and opens it again when it is
//! disconnected.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::client::core::backoff::Backoff;
use crate::client::core::backoff::jittered;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::core::subscriptions::StreamOpening;
use crate::client::http::request::{HttpContext, Refused};
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
use crate::protocol::session_loss::{self, RequestKind};
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::transport::events::EventSource;
use crate::transport::http::HttpResponse;
use crate::transport::wait::Wait;
use crate::wire::http1::Media;
use crate::wire::json_members;

/// A stream that was open for this time resets the backoff.
const STEADY: Duration = Duration::from_secs(5);
/// With a `retry` time of the server, a stream that was open for less does not
/// reset the backoff, even if it had events.
const BRIEF: Duration = Duration::from_secs(1);

/// The job of one notification stream, through all its connections.
pub(crate) struct NotificationStream<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) opening: &'a StreamOpening,
    /// The stream was open before.
    pub(crate) was_open: Cell<bool>,
}

/// Opens the stream, and opens it again after each end, until it is stopped.
pub(crate) async fn run(client: &Arc<Client>, opening: &StreamOpening) {
    let stream = NotificationStream { client, opening, was_open: Cell::new(false) };
    if let Err(error) = stream.run().await {
        client.subscriptions.set_failed(opening.generation);
        opening.finish(Err(error));
    }
    opening.finish(Ok(()));
}

/// The end of an open stream, and what the next attempt needs.
#[derive(Debug, Default)]
pub(crate) struct Disconnected {
    pub(crate) last_event_id: Option<String>,
    pub(crate) retry: Option<Duration>,
    /// Whether any event arrived.
    pub(crate) has_events: bool,
}

impl NotificationStream<'_> {
    pub(crate) async fn run(&self) -> Result<()> {
        let client = self.client;
        let mut last_event_id: Option<String> = None;
        let mut backoff = Backoff::default();
        while client.subscriptions.is_current(self.opening.generation)
            && !self.opening.stop.is_raised()
        {
            let options = client.options();
            let wait = client.endless().or_abort(self.opening.stop.clone());
            let start = Instant::now();
            let result = self.open_and_read(&options, last_event_id.take(), &wait).await;
            let asked = match result {
                Ok(disconnected) => {
                    // A server may end the stream after each event, with a short
                    // `retry` time. Such a stream does not reset the backoff.
                    let is_useful = disconnected.retry.is_none() || start.elapsed() >= BRIEF;
                    if disconnected.has_events && is_useful || start.elapsed() >= STEADY {
                        backoff.reset();
                    }
                    last_event_id = disconnected.last_event_id;
                    disconnected.retry
                }
                Err(error) if matches!(error.status(), Status::Closed | Status::Cancelled) => {
                    return Err(error);
                }
                // The caller gets the error of the first attempt.
                Err(error) if !self.was_open.get() => return Err(error),
                Err(error) if is_final(&error) || !client.options().reconnects() => {
                    self.report_end(&error, &wait);
                    return Err(error);
                }
                Err(error) => error.retry_after().map(|after| Duration::from_millis(after.into())),
            };
            wait.pause(jittered(backoff.pause(asked), self.opening.generation)).await?;
        }
        Ok(())
    }

    /// Opens a stream and reads it to its end. If the server has lost the session,
    /// tries once more in a new one.
    async fn open_and_read(
        &self,
        options: &Arc<Options>,
        last_event_id: Option<String>,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let client = self.client;
        let brief = client.wait(options, &Default::default(), true);
        let brief = brief.or_abort(self.opening.stop.clone());
        // What opens a stream is boxed, here and below: an open stream needs no
        // room for it.
        let Connected { session, is_new } =
            Box::pin(Ctx::new(client, options, &brief).connected_for_stream()).await?;
        let is_new = is_new || !self.was_open.get() && self.opening.is_of_new(&session);
        let result = self.read_in(options, &session, is_new, last_event_id, (&brief, wait)).await;
        let method = "subscriptions/listen";
        let result =
            result.map_err(|error| rpc_error::unknown_method(error, &session.server_info, method));
        match result {
            Err(_) if !is_new && !client.is_current(&session) && brief.check().is_ok() => {
                Box::pin(async {
                    let ctx = Ctx::new(client, options, &brief);
                    let session = ctx.connected_for_stream().await?.session;
                    self.read_in(options, &session, true, None, (&brief, wait)).await
                })
                .await
            }
            result => result,
        }
    }

    /// Opens a stream in a session and reads it to its end. `brief` limits the
    /// opening; `wait` is for the reading.
    async fn read_in(
        &self,
        options: &Arc<Options>,
        session: &Arc<Session>,
        is_new: bool,
        last_event_id: Option<String>,
        (brief, wait): (&Wait, &Wait),
    ) -> Result<Disconnected> {
        let client = self.client;
        let interest = client.subscriptions.interest();
        let request = session.dialect.notification_request(&interest, last_event_id.as_deref());
        if let Some(connection) = session.transport.shared_connection() {
            return match request {
                NotificationRequest::Get(_) => {
                    self.wait_until_ended(connection, session, wait).await
                }
                NotificationRequest::Listen(call) => {
                    let wanted = (&call, &interest);
                    Box::pin(self.listen_on(connection, options, session, wanted, brief, wait))
                        .await
                }
            };
        }
        let http = HttpContext::new(options, Some(session.dialect.as_ref()))?;
        match request {
            NotificationRequest::Get(headers) => {
                let ctx = Ctx::new(client, options, brief);
                let reply = match Box::pin(ctx.get(&headers, &http)).await? {
                    Ok(reply) => reply,
                    Err(refused) => {
                        return Err(Box::pin(self.refused(ctx, refused, session, is_new)).await);
                    }
                };
                if !matches!(reply.head.media, Media::EventStream) {
                    return Err(Error::new(
                        Status::Unsupported,
                        "the server answered the GET for the notification stream with \
                         something other than an event stream",
                    ));
                }
                self.set_open(session, "{}", wait);
                let source = EventSource::new(reply, options.max_message);
                let router = self.router(options, session, wait, None, None);
                let mut ended = self.read(source, router, &http).await?;
                ended.last_event_id = ended.last_event_id.or(last_event_id);
                Ok(ended)
            }
            NotificationRequest::Listen(call) => {
                let id = client.next_id();
                let opened = self.open_listen(options, session, &call, id, &http, brief);
                let (source, accepted) = Box::pin(opened).await?;
                self.check(&accepted, &interest)?;
                self.set_open(session, &accepted.json, wait);
                let router = self.router(options, session, wait, Some(id), Some(&accepted));
                self.read(source, router, &http).await
            }
        }
    }

    /// The error for a refused GET. Gives up the session if the server has lost
    /// it.
    async fn refused(
        &self,
        ctx: Ctx<'_>,
        refused: Refused,
        session: &Arc<Session>,
        is_new: bool,
    ) -> Error {
        let verdict = refused.verdict(RequestKind::NotificationStream, session);
        if verdict.is_lost() {
            self.client.forget(session);
        } else if verdict.needs_ping()
            && !is_new
            && let Err(error) = ctx.verify(session).await
        {
            return error;
        }
        if verdict.is_without_stream() { not_offered(refused.status) } else { refused.error }
    }

    /// Sends `subscriptions/listen`, and waits until the server acknowledges it.
    async fn open_listen<'a>(
        &'a self,
        options: &'a Arc<Options>,
        session: &'a Arc<Session>,
        call: &Call,
        id: i64,
        http: &HttpContext<'_>,
        wait: &'a Wait,
    ) -> Result<(EventSource<HttpResponse<'a>>, Accepted)> {
        let common = options.meta.as_deref();
        let meta = RequestMeta { id, common, ..RequestMeta::default() };
        let outgoing = session.dialect.request(call, &meta)?;
        let reply = Ctx::new(self.client, options, wait).open(session, &outgoing, http).await?;
        let mut source = EventSource::of_response(reply, options.max_message);
        let router = Router {
            carrier: Carrier::StreamOpening,
            ..self.router(options, session, wait, Some(id), None)
        };
        while let Some(event) = source.next_message(wait, &mut ()).await? {
            http.trace(event.data());
            let mut routed = Routed::default();
            router.route_event(event, &mut routed)?;
            if let Some(accepted) = routed.acknowledged {
                return Ok((source, *accepted));
            }
            if routed.is_over {
                break;
            }
        }
        Err(Error::new(Status::Io, UNACKNOWLEDGED))
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

    /// Fails if the server does not accept the notifications that a first stream
    /// is opened for; the previous stream stays open. A stream that was open
    /// before is kept with any notifications.
    pub(crate) fn check(&self, accepted: &Accepted, interest: &Interest) -> Result<()> {
        if self.was_open.get() { Ok(()) } else { accepted.check(interest) }
    }

    /// Records that the stream is open, and reports it to the application.
    pub(crate) fn set_open(&self, session: &Arc<Session>, accepted: &str, wait: &Wait) {
        let client = self.client;
        session.set_had_stream();
        if !client.subscriptions.set_open(self.opening, session) {
            self.opening.finish(Ok(()));
            return;
        }
        if self.was_open.replace(true) {
            // The server did not report changes while the stream was closed.
            client.cache.clear();
            client.tool_catalog.clear();
            client.count_one(Counter::Resumptions);
        }
        if client.subscriptions.take_unreported() {
            client.deliver_own_event(NotificationKind::Listening, accepted, wait);
        }
        self.opening.finish(Ok(()));
    }

    /// Reports to the application that the stream will not be opened again.
    fn report_end(&self, error: &Error, wait: &Wait) {
        let client = self.client;
        if !client.subscriptions.is_wanted() {
            return;
        }
        let error = error.clone();
        let error = client.finished(error, "listen", &client.options());
        let params = json_members::object(|json| json.string("message", error.message()));
        client.deliver_own_event(NotificationKind::ListeningEnded, &params, wait);
    }

    /// Reads the stream to its end.
    async fn read(
        &self,
        mut source: EventSource<HttpResponse<'_>>,
        router: Router<'_>,
        http: &HttpContext<'_>,
    ) -> Result<Disconnected> {
        let wait = router.ctx.wait;
        let mut has_events = false;
        loop {
            let event = match source.next_message(wait, &mut ()).await {
                Ok(Some(event)) => event,
                Err(error) if error.status() == Status::TooLarge => {
                    router.fault(Fault::TooLong, &[], || error.clone())?;
                    return Err(error);
                }
                Err(error) if !matches!(error.status(), Status::Io | Status::Protocol) => {
                    return Err(error);
                }
                Ok(None) | Err(_) => {
                    let stream = source.stream();
                    let last_event_id = stream.last_id().map(str::to_owned);
                    let retry = stream.retry().map(|retry| Duration::from_millis(retry.into()));
                    return Ok(Disconnected { last_event_id, retry, has_events });
                }
            };
            http.trace(event.data());
            has_events = true;
            // On the background thread, responses to requests are queued.
            let mut routed = Routed::default();
            router.route_event(event, &mut routed)?;
            if routed.is_over {
                return Ok(Disconnected { has_events, ..Disconnected::default() });
            }
        }
    }
}

fn not_offered(http_status: u16) -> Error {
    Error::new(
        Status::Unsupported,
        format!("the server offers no notification stream: it answered {http_status}"),
    )
    .with_http_status(http_status)
}

/// The error text if `subscriptions/listen` ends before its acknowledgement.
pub(crate) const UNACKNOWLEDGED: &str =
    "the server ended the notification stream before it acknowledged it";

/// Whether another attempt would fail as well.
fn is_final(error: &Error) -> bool {
    rpc_error::is_unknown_method(error) || !session_loss::may_reopen(error.status())
}
