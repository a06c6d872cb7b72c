//! One standing stream: opened, read, and opened again when it breaks.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status, quote};
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
use crate::client::inbound::server_request::ServerRequest;
use crate::client::options::Options;
use crate::client::session::connect::Connected;
use crate::protocol::call::Call;
use crate::protocol::notification::{self, Kind};
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::session_loss::{self, RefusalFacts, RequestKind, Verdict};
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::protocol::task;
use crate::transport::http::HttpResponse;
use crate::transport::wait::Wait;
use crate::wire::event_stream::{Event, EventStream};
use crate::wire::http1::Media;
use crate::wire::jsonrpc::{self, Id, Message, ResponseBody};
use crate::wire::object::Members;

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
        client.subscriptions.give_up(generation);
        opening.tell(Err(error));
    }
    opening.tell(Ok(()));
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
        let wish = client.subscriptions.wish();
        let standing = session.dialect.notification_request(&wish, last_event_id.as_deref());
        if let Some(channel) = session.transport.channel() {
            return match standing {
                NotificationRequest::Get(_) => self.stand_on(channel, session, wait).await,
                NotificationRequest::Listen(call) => {
                    let wanted = (&call, &wish);
                    self.subscribe_on(channel, options, session, wanted, brief, wait).await
                }
            };
        }
        let way = HttpContext::new(options, Some(session.dialect.as_ref()))?;
        match standing {
            NotificationRequest::Get(headers) => {
                let has_stood = self.has_stood.get();
                let reply = Ctx::new(client, options, brief).get(&headers, &way).await?;
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
                let from = From { last_event_id, ..From::default() };
                self.read(options, session, &way, reply, from, wait).await
            }
            NotificationRequest::Listen(call) => {
                let id = client.next_id();
                let (reply, from) = self.begin(options, session, &call, id, &way, brief).await?;
                let granted = from.granted.clone().unwrap_or_default();
                self.check(&granted, &wish)?;
                self.stands(session, &granted.json, wait);
                self.read(options, session, &way, reply, from, wait).await
            }
        }
    }

    /// Sends the call whose answer is a stream, and waits until the server
    /// says what it will tell.
    async fn begin<'a>(
        &'a self,
        options: &'a Arc<Options>,
        session: &Arc<Session>,
        call: &Call,
        id: i64,
        way: &HttpContext<'_>,
        wait: &'a Wait,
    ) -> Result<(HttpResponse<'a>, From)> {
        let outgoing =
            session.dialect.request(call, &RequestMeta { id, ..RequestMeta::default() })?;
        let mut reply = Ctx::new(self.client, options, wait).open(session, &outgoing, way).await?;
        let mut stream = EventStream::new(options.max_message);
        let mut events = Vec::new();
        loop {
            let more = next_events(&mut reply, &mut stream, &mut events, wait).await?;
            let mut rest = std::mem::take(&mut events).into_iter();
            while let Some(event) = rest.next() {
                way.trace(event.data());
                let (text, start) = (jsonrpc::utf8(event.text)?, event.start);
                match jsonrpc::parse(text.get(start..).unwrap_or_default())?.0 {
                    Message::Notification { method, params }
                        if method == notification::ACKNOWLEDGED =>
                    {
                        let granted = Accepted::parse(params.unwrap_or("{}"));
                        let from = From {
                            id: Some(id),
                            stream: Some(stream),
                            events: rest.collect(),
                            granted: Some(granted),
                            last_event_id: None,
                        };
                        return Ok((reply, from));
                    }
                    Message::Response {
                        id: Id::Number(theirs),
                        outcome: ResponseBody::Error(rpc),
                    } if theirs == id => {
                        return Err(rpc_error::error(&rpc, 200));
                    }
                    // Before the word that it stands, nothing counts.
                    _ => {}
                }
            }
            if !more {
                return Err(Error::new(
                    Status::Io,
                    "the server ended the stream before it said what it will tell",
                ));
            }
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
        client.subscriptions.stand(self.generation, &self.stop, session);
        if self.has_stood.replace(true) {
            // What changed meanwhile was not told.
            client.cache.clear();
            client.tool_catalog.clear();
            client.count_one(Counter::Resumptions);
        }
        if client.subscriptions.is_wanted() {
            client.announce(Kind::Listening, granted, wait);
        }
        self.opening.tell(Ok(()));
    }

    /// Says that a stream which stood will not stand any more.
    fn announce_end(&self, error: &Error, wait: &Wait) {
        let client = self.client;
        if !client.subscriptions.is_wanted() {
            return;
        }
        let error = error.clone();
        let error = client.finished(error, "listen", &client.options());
        let mut params = String::from("{\"message\":");
        jsonrpc::push_string(&mut params, error.message());
        params.push('}');
        client.announce(Kind::Silent, &params, wait);
    }

    async fn read(
        &self,
        options: &Arc<Options>,
        session: &Arc<Session>,
        way: &HttpContext<'_>,
        mut reply: HttpResponse<'_>,
        mut from: From,
        wait: &Wait,
    ) -> Result<Disconnected> {
        let fresh = || EventStream::new(options.max_message);
        let mut stream = from.stream.take().unwrap_or_else(fresh);
        let mut events = std::mem::take(&mut from.events);
        let mut has_spoken = false;
        loop {
            for event in events.drain(..).filter(Event::is_message) {
                way.trace(event.data());
                has_spoken = true;
                if !self.take(options, session, event, &from, wait).await? {
                    return Ok(Disconnected { has_spoken, ..Disconnected::default() });
                }
            }
            match next_events(&mut reply, &mut stream, &mut events, wait).await {
                Ok(true) => {}
                Err(error) if !matches!(error.status(), Status::Io | Status::Protocol) => {
                    return Err(error);
                }
                Ok(false) | Err(_) => {
                    let last = stream.last_id().map(str::to_owned).or(from.last_event_id);
                    let retry = stream.retry().map(|retry| Duration::from_millis(retry.into()));
                    return Ok(Disconnected { last_event_id: last, retry, has_spoken });
                }
            }
        }
    }

    /// Takes what came in an event; false if it ends the stream.
    async fn take(
        &self,
        _options: &Arc<Options>,
        session: &Arc<Session>,
        event: Event,
        from: &From,
        wait: &Wait,
    ) -> Result<bool> {
        let client = self.client;
        let Ok(text) = jsonrpc::utf8(event.text) else {
            client.drop_reply();
            return Ok(true);
        };
        let data = text.get(event.start..).unwrap_or_default();
        let batch = match jsonrpc::batch(data) {
            Some(Ok(batch)) if session.dialect.has_batches() => batch,
            // One message that cannot be read is no reason to hear no more.
            Some(_) => return Ok(true),
            None => Vec::new(),
        };
        let mut messages: Vec<&str> = batch.iter().map(|message| message.get()).collect();
        if batch.is_empty() {
            messages.push(data);
        }
        for message in messages {
            match jsonrpc::parse(message).map(|(message, _)| message) {
                Ok(Message::Notification { method, params }) => {
                    let ends = from.id.is_some() && method == notification::CANCELLED;
                    if ends {
                        return Ok(false);
                    }
                    let is_due = match &from.granted {
                        Some(granted) => granted.has(Kind::of(&method), params),
                        None => method != notification::ACKNOWLEDGED,
                    };
                    if is_due {
                        client.notice(Some(session), &method, params, wait);
                    }
                }
                Ok(Message::Request { id, method, params }) => {
                    let request = ServerRequest { id, method: &method, params };
                    // On the background thread its answer is always queued.
                    client.take_request(session.peer(), request, wait)?;
                }
                Ok(Message::Response { id: Id::Number(theirs), .. }) if Some(theirs) == from.id => {
                    return Ok(false);
                }
                Ok(Message::Response { .. }) | Err(_) => client.drop_reply(),
            }
        }
        Ok(true)
    }
}

async fn next_events(
    reply: &mut HttpResponse<'_>,
    stream: &mut EventStream,
    events: &mut Vec<Event>,
    wait: &Wait,
) -> Result<bool> {
    reply
        .next_piece(wait, &mut |data| {
            let mut rest = data;
            while let Some(event) = stream.next(&mut rest)? {
                events.push(event);
            }
            Ok(())
        })
        .await
}

/// Where the reading of a stream begins.
#[derive(Default)]
struct From {
    /// Of the call whose answer it is.
    id: Option<i64>,
    stream: Option<EventStream>,
    /// What came together with the word that it stands.
    events: Vec<Event>,
    granted: Option<Accepted>,
    /// Where the stream before broke off.
    last_event_id: Option<String>,
}

/// What a server will tell, of what it was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) json: String,
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: Vec<String>,
    tasks: Vec<String>,
}

impl Accepted {
    /// The params of the word that a stream stands.
    pub(crate) fn parse(params: &str) -> Self {
        let members = Members::parse(params).unwrap_or_default();
        let json = members.get("notifications").map_or("{}", |filter| filter.get());
        let filter = Members::parse(json).unwrap_or_default();
        let has = |name: &str| filter.get(name).is_some_and(|value| value.get() == "true");
        let all = |name: &str| {
            let list = filter.get(name).and_then(|list| serde_json::from_str(list.get()).ok());
            list.unwrap_or_default()
        };
        Self {
            tools: has("toolsListChanged"),
            prompts: has("promptsListChanged"),
            resources: has("resourcesListChanged"),
            uris: all("resourceSubscriptions"),
            tasks: all("taskIds"),
            json: json.to_owned(),
        }
    }

    /// Whether it is something of what was wished, and every resource.
    pub(crate) fn of(&self, wish: &Interest) -> Result<()> {
        let no = |what: &str| {
            let why = format!("the server will not tell of {what}");
            Err(Error::new(Status::Unsupported, why))
        };
        let granted: HashSet<&String> = self.uris.iter().collect();
        if let Some(uri) = wish.uris.iter().find(|uri| !granted.contains(uri)) {
            return no(&quote(uri));
        }
        let wants_lists = wish.tools || wish.prompts || wish.resources;
        let has_lists = wish.tools && self.tools
            || wish.prompts && self.prompts
            || wish.resources && self.resources;
        if wants_lists && !has_lists { no("anything that was asked for") } else { Ok(()) }
    }

    /// Whether a notification is one of those that were granted.
    pub(crate) fn has(&self, kind: Kind, params: Option<&str>) -> bool {
        match kind {
            Kind::ToolsChanged => self.tools,
            Kind::PromptsChanged => self.prompts,
            Kind::ResourcesChanged => self.resources,
            Kind::ResourceUpdated => {
                let uri = params.and_then(notification::uri);
                // It may name a part of the one that was subscribed to.
                uri.is_some_and(|uri| self.uris.iter().any(|own| uri.starts_with(own.as_str())))
            }
            Kind::TaskStatus => {
                params.and_then(task::id).is_some_and(|id| self.tasks.contains(&id))
            }
            _ => true,
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
