//! Routes inbound messages: a response to its pending request, progress to the
//! report of its request, a notification to the event queue, and a request of
//! the server to its handler. All carriers use this router.

use crate::base::error::{Error, Result, quote};
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::pending::{Inbound, PendingRequests};
use crate::client::core::progress_report::ProgressUse;
use crate::client::core::rpc_error;
use crate::client::core::session::Target;
use crate::client::core::unused_input::Unused;
use crate::client::inbound::message::{MalformedText, MessageText, Messages, split};
use crate::client::inbound::policy::{Action, Carrier, Fault, action};
use crate::client::inbound::progress::{report_other, report_own};
use crate::client::inbound::server_request::ServerRequest;
use crate::protocol::accepted::Accepted;
use crate::protocol::notification::{self, NotificationKind, ProgressParams};
use crate::protocol::outgoing::Outgoing;
use crate::wire::event_stream::{EventStream, SseEvent};
use crate::wire::json_number::own_id;
use crate::wire::jsonrpc::{Answer, Id, Message, ResponseBody, RpcError};
use crate::wire::outline::{BYTE_ORDER_MARK, response_ids};
use crate::wire::partial_id::PartialId;
use crate::wire::tape::Tape;
use crate::wire::unframed_body::{Shape, UnframedBody};

/// Routes the messages of one carrier.
#[derive(Clone, Copy)]
pub(crate) struct Router<'a> {
    pub(crate) ctx: Ctx<'a>,
    pub(crate) carrier: Carrier,
    pub(crate) target: Target<'a>,
    pub(crate) awaited: Awaited<'a>,
}

/// The responses that may arrive on a carrier.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Awaited<'a> {
    /// The response to the request of an HTTP exchange.
    One { id: i64, progress: Option<&'a ProgressUse> },
    /// The responses to all pending requests of a shared connection. `posts`:
    /// each request is a POST, whose HTTP response may not have arrived yet.
    Many { pending: &'a PendingRequests, posts: bool },
    /// The response that ends a notification stream. `id` is that of
    /// `subscriptions/listen`; a GET has none. `accepted` has the notifications
    /// that the server has acknowledged.
    Stream { id: Option<i64>, accepted: Option<&'a Accepted> },
}

/// The results of routing an inbound text that the carrier has to handle.
#[derive(Debug, Default)]
pub(crate) struct Routed {
    /// The response that the caller waits for.
    pub(crate) response: Option<Response>,
    /// Responses to requests of the server, for the carrier to send.
    pub(crate) outgoing: Vec<Outgoing>,
    /// A response to another request was ignored.
    pub(crate) has_other: bool,
    /// It was a result, and the client has never issued its id.
    pub(crate) has_foreign_result: bool,
    /// The notifications that the server has acknowledged.
    pub(crate) acknowledged: Option<Box<Accepted>>,
    /// The server has ended the notification stream, or has not begun it.
    pub(crate) is_over: bool,
}

/// The response to the request of an HTTP exchange.
#[derive(Debug)]
pub(crate) enum Response {
    Result(Answer),
    /// `is_anonymous`: the error names no request.
    Error {
        rpc: RpcError,
        is_anonymous: bool,
    },
}

impl Routed {
    /// Keeps the first response. `is_anonymous`: it does not have the id of the
    /// request.
    fn respond(
        &mut self,
        body: ResponseBody,
        tape: Tape,
        message: MessageText,
        is_anonymous: bool,
    ) {
        let (text, start) = message.into_parts();
        self.response.get_or_insert_with(|| match body {
            ResponseBody::Result(place) => Response::Result(Answer::new(text, start, tape, place)),
            ResponseBody::Error(rpc) => Response::Error { rpc, is_anonymous },
        });
    }
}

impl Router<'_> {
    /// Routes the messages of an inbound text, and adds the results to `routed`.
    /// An error ends the request whose response is read, or the opening of the
    /// stream.
    pub(crate) fn route(&self, bytes: Vec<u8>, start: usize, routed: &mut Routed) -> Result<()> {
        match split(bytes, start, || self.target.dialect.revision()) {
            Ok(Messages::One(message, tape)) => self.route_message(message, tape, routed),
            Ok(Messages::Batch(messages)) => {
                let carrier = match self.carrier {
                    Carrier::Body => Carrier::BatchBody,
                    other => other,
                };
                let router = Self { carrier, ..*self };
                messages
                    .into_iter()
                    .try_for_each(|message| router.route_message(message, None, routed))
            }
            Err(malformed) => self.route_malformed(malformed, routed),
        }
    }

    /// Routes the messages of an event.
    pub(crate) fn route_event(&self, event: SseEvent<'_>, routed: &mut Routed) -> Result<()> {
        let (text, start) = event.into_parts();
        self.route(text, start, routed)
    }

    /// Routes a body that does not begin as a message. It may be a whole event
    /// stream with the label of JSON.
    #[cold]
    pub(crate) fn route_unusual(&self, body: Vec<u8>, routed: &mut Routed) -> Result<()> {
        let mut unframed = UnframedBody::new(LABEL);
        if unframed.add(body.get(..LABEL).unwrap_or(&body))? != Shape::EventStream {
            return self.route(body, 0, routed);
        }
        let router = Self { carrier: Carrier::ResponseStream, ..*self };
        let mut stream = EventStream::new(body.len());
        let mut rest = body.as_slice();
        while let Some(event) = stream.next(&mut rest)? {
            if event.is_message() {
                router.route_event(event, routed)?;
            }
        }
        // The last event may lack the empty line at its end.
        if let Some(event) = stream.next(&mut &b"\n\n"[..])?
            && event.is_message()
        {
            router.route_event(event, routed)?;
        }
        match routed.response {
            Some(_) => Ok(()),
            None => self.route(body, 0, routed),
        }
    }

    /// Applies the policy to a fault that concerns no other pending request.
    /// Returns the error if the caller's request has to fail. `text` is what has
    /// arrived.
    #[cold]
    pub(crate) fn fault(
        &self,
        fault: Fault,
        text: &[u8],
        error: impl FnOnce() -> Error,
    ) -> Result<()> {
        match action(self.carrier, fault) {
            Action::Fail | Action::EndStream => Err(error()),
            Action::Skip(counter) | Action::FailNamed(counter) => {
                self.skip(counter, text);
                Ok(())
            }
            Action::SkipSilently | Action::Take | Action::TakeForOnly => Ok(()),
        }
    }

    /// The unit of a text that is no message.
    pub(crate) fn unused(&self) -> Unused {
        match self.carrier {
            Carrier::SharedLines => Unused::Line,
            _ => Unused::Event,
        }
    }

    /// Counts a text that no request can use, and keeps its beginning for the
    /// error of a call without a response.
    #[cold]
    fn skip(&self, counter: Counter, text: &[u8]) {
        let Ctx { client, wait, .. } = self.ctx;
        client.count_one(counter);
        let unused = match counter {
            Counter::DroppedReplies => match self.unused() {
                Unused::Line => Unused::ResponseLine,
                _ => Unused::ResponseEvent,
            },
            _ => self.unused(),
        };
        match self.awaited {
            _ if text.is_empty() => {}
            Awaited::One { id, .. } => {
                client.unused_input.add(unused, Some((wait.call, id)), text);
            }
            Awaited::Many { .. } => client.unused_input.add(unused, None, text),
            // No call waits for a response there.
            Awaited::Stream { .. } => {}
        }
    }

    /// Applies the policy to a message over the size limit.
    pub(crate) fn too_long(&self, id: PartialId, error: Error) -> Result<()> {
        let Awaited::Many { pending, .. } = self.awaited else {
            return self.fault(Fault::TooLong, &[], || error);
        };
        let ids = match id {
            PartialId::NoResponse => return self.fault(Fault::TooLongNotification, &[], || error),
            PartialId::Response(id) => vec![id],
            PartialId::Unknown => match pending.calls() {
                calls if calls.is_empty() => return self.fault(Fault::TooLong, &[], || error),
                calls => calls,
            },
        };
        for id in ids {
            if pending.put(id, Inbound::Malformed(error.clone())).is_some() {
                self.fault(Fault::TooLong, &[], || error.clone())?;
            }
        }
        Ok(())
    }

    fn route_message(
        &self,
        message: MessageText,
        tape: Option<Tape>,
        routed: &mut Routed,
    ) -> Result<()> {
        let (parsed, tape) = match message.parse(tape) {
            Ok(parsed) => parsed,
            Err(error) => {
                return self.route_malformed(MalformedText::of(message, error), routed);
            }
        };
        let (id, body) = match parsed {
            Message::Response { id, outcome } => (id, outcome),
            Message::Notification { method, params } => {
                if self.carrier == Carrier::StreamOpening && method == notification::ACKNOWLEDGED {
                    let accepted = Accepted::parse(params.unwrap_or("{}"));
                    routed.acknowledged = Some(Box::new(accepted));
                    return Ok(());
                }
                self.check_takes_others()?;
                if action(self.carrier, Fault::EarlyMessage) == Action::Take {
                    self.route_notification(&message, &tape, &method, params, routed);
                }
                return Ok(());
            }
            Message::Request { id, method, params } => {
                self.check_takes_others()?;
                let request = ServerRequest { id, method: &method, params };
                routed.outgoing.extend(self.ctx.take_request(self.target, request)?);
                return Ok(());
            }
        };
        self.route_response(id, body, tape, message, routed)
    }

    /// Fails for a carrier that takes only the response.
    fn check_takes_others(&self) -> Result<()> {
        match action(self.carrier, Fault::NotAResponse) {
            Action::Fail => Err(Error::protocol(
                "the server answered with a request or a notification in place of the response",
            )),
            _ => Ok(()),
        }
    }

    /// Handles a text that cannot be read. It fails the requests whose ids are
    /// found in it, and no other request whose response may follow.
    #[cold]
    fn route_malformed(&self, malformed: MalformedText, routed: &mut Routed) -> Result<()> {
        // One mark, so that a text of marks costs no stack.
        if let Some(rest) = malformed.data().strip_prefix(BYTE_ORDER_MARK)
            && !rest.starts_with(BYTE_ORDER_MARK)
        {
            let start = malformed.start + BYTE_ORDER_MARK.len();
            return self.route(malformed.bytes, start, routed);
        }
        let mut is_owned = false;
        match self.awaited {
            Awaited::One { id: own, .. } | Awaited::Stream { id: Some(own), .. } => {
                response_ids(malformed.data(), |id| is_owned |= id == own);
            }
            Awaited::Many { pending, .. } => {
                response_ids(malformed.data(), |id| {
                    let error = Inbound::Malformed(malformed.error.clone());
                    is_owned |= pending.put(id, error).is_none();
                });
                if is_owned {
                    return Ok(());
                }
            }
            Awaited::Stream { id: None, .. } => {}
        }
        let fault = if is_owned { Fault::MalformedResponse } else { Fault::Malformed };
        if let (true, Awaited::One { .. }, Action::FailNamed(_)) =
            (is_owned, self.awaited, action(self.carrier, fault))
        {
            return Err(malformed.error);
        }
        self.fault(fault, malformed.data(), || malformed.error.clone())
    }

    fn route_response(
        &self,
        id: Id,
        body: ResponseBody,
        tape: Tape,
        message: MessageText,
        routed: &mut Routed,
    ) -> Result<()> {
        match self.awaited {
            Awaited::One { id: own, .. } if id == Id::Number(own) => {
                routed.respond(body, tape, message, false);
                Ok(())
            }
            Awaited::Many { pending, .. } => {
                let (text, start) = message.into_parts();
                let response = Inbound::Response(text, start, tape, body);
                let unused = match id {
                    Id::Number(id) => pending.put(id, response),
                    _ => Some(response),
                };
                match unused {
                    Some(response) => self.route_unnamed(&id, response, pending, routed),
                    None => Ok(()),
                }
            }
            Awaited::Stream { id: Some(own), .. } if id == Id::Number(own) => {
                if self.carrier == Carrier::NotificationStream {
                    routed.is_over = true;
                    return Ok(());
                }
                match body {
                    ResponseBody::Error(rpc) => Err(rpc_error::error(&rpc, 200)),
                    ResponseBody::Result(_) => {
                        routed.is_over = true;
                        Ok(())
                    }
                }
            }
            Awaited::One { .. } if self.takes_anonymous(&id, &body) => {
                routed.respond(body, tape, message, true);
                Ok(())
            }
            Awaited::Stream { .. } if self.takes_anonymous(&id, &body) => match body {
                ResponseBody::Error(rpc) => Err(rpc_error::error(&rpc, 200)),
                ResponseBody::Result(_) => Ok(()),
            },
            _ => self.route_unknown(&id, &body, message.data().as_bytes(), routed),
        }
    }

    /// Whether a response is an error that this carrier takes although the
    /// client has never issued its id. A late response is not.
    #[cold]
    fn takes_anonymous(&self, id: &Id, body: &ResponseBody) -> bool {
        matches!(body, ResponseBody::Error(_))
            && !self.is_issued(id)
            && action(self.carrier, Fault::AnonymousError) == Action::TakeForOnly
    }

    fn is_issued(&self, id: &Id) -> bool {
        self.ctx.client.has_issued(id)
    }

    /// Handles a response on a shared connection that no pending request takes
    /// by its id.
    #[cold]
    fn route_unnamed(
        &self,
        id: &Id,
        response: Inbound,
        pending: &PendingRequests,
        routed: &mut Routed,
    ) -> Result<()> {
        let Inbound::Response(text, start, _, body) = &response else { return Ok(()) };
        match pending.only() {
            Some(only) if self.takes_anonymous(id, body) => {
                pending.put(only, response);
                Ok(())
            }
            _ => {
                let text = text.get(*start..).unwrap_or_default();
                self.route_unknown(id, body, text.as_bytes(), routed)
            }
        }
    }

    /// Handles a response whose id is that of no pending request.
    #[cold]
    fn route_unknown(
        &self,
        id: &Id,
        body: &ResponseBody,
        text: &[u8],
        routed: &mut Routed,
    ) -> Result<()> {
        routed.has_other = true;
        routed.has_foreign_result |= !self.is_issued(id) && matches!(body, ResponseBody::Result(_));
        let is_nameless = matches!((id, body), (Id::None, ResponseBody::Result(_)));
        let fault = if is_nameless { Fault::NamelessResult } else { Fault::UnknownResponse };
        self.fault(fault, text, || foreign(id, body))
    }

    fn route_notification(
        &self,
        message: &MessageText,
        tape: &Tape,
        method: &str,
        params: Option<&str>,
        routed: &mut Routed,
    ) {
        let Ctx { client, wait, .. } = self.ctx;
        if method == notification::PROGRESS {
            let params = tape.member(message.data(), 0, "params");
            let progress =
                params.and_then(|params| ProgressParams::read(message.data(), tape, params));
            if let Some(progress) = progress {
                self.route_progress(progress);
            }
            return;
        }
        match self.awaited {
            Awaited::One { .. } => {}
            Awaited::Many { pending, .. } => {
                let id = match method {
                    notification::CANCELLED => {
                        params.and_then(notification::cancelled).and_then(own_id)
                    }
                    _ if pending.has_streams() => params.and_then(notification::subscription),
                    _ => None,
                };
                if let Some(id) = id.filter(|id| pending.has(*id)) {
                    let params = params.unwrap_or("{}").to_owned();
                    let inbound = Inbound::Notification(method.to_owned(), params);
                    if pending.put(id, inbound).is_none() {
                        return;
                    }
                }
            }
            Awaited::Stream { id: Some(_), .. } if method == notification::CANCELLED => {
                routed.is_over = true;
                return;
            }
            Awaited::Stream { accepted: Some(accepted), .. } => {
                if !accepted.has(NotificationKind::of(method), params) {
                    return;
                }
            }
            Awaited::Stream { accepted: None, .. } if method == notification::ACKNOWLEDGED => {
                return;
            }
            Awaited::Stream { .. } => {}
        }
        client.take_notification(self.target.session, method, params, wait);
    }

    /// Delivers progress to the report of its request.
    fn route_progress(&self, progress: ProgressParams<'_>) {
        let Ctx { client, wait, .. } = self.ctx;
        match self.awaited {
            Awaited::One { id, progress: Some(own) } if progress.id == Some(id) => {
                report_own(client, own, progress, wait);
            }
            Awaited::Many { pending, posts: false }
                if progress.id.is_some_and(|id| pending.has(id)) =>
            {
                let Some(id) = progress.id else { return };
                let inbound = Inbound::Progress(progress.into_owned());
                if let Some(Inbound::Progress(progress)) = pending.put(id, inbound) {
                    report_other(client, progress, wait);
                }
            }
            _ => report_other(client, progress, wait),
        }
    }
}

/// How many bytes of a body show whether it is an event stream.
const LABEL: usize = 64;

/// The error for a response to another request, in place of the response.
fn foreign(id: &Id, body: &ResponseBody) -> Error {
    let name = match id {
        Id::Number(id) => format!("the id {id}"),
        Id::Text(id) => format!("the id \"{}\"", quote(id)),
        Id::None => "no id".to_owned(),
        Id::Other => "an id that is neither a string nor an integer".to_owned(),
    };
    Error::protocol(match body {
        ResponseBody::Result(_) => format!(
            "the server answered another request than this one: the result in its response has \
             {name}"
        ),
        ResponseBody::Error(rpc) => format!(
            "the server answered another request than this one: the response has {name}, and the \
             error {}: \"{}\"",
            rpc.code,
            quote(&rpc.message)
        ),
    })
    .with_may_have_run(true)
}
