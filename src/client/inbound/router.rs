//! Routes inbound messages: a response to its pending request, progress to the
//! report of its request, a notification to the event queue, and a request of
//! the server to its handler. All carriers use this router.

use std::sync::Arc;

use crate::base::error::{Error, Result};
use crate::client::core::context::Ctx;
use crate::client::core::pending::{Inbound, PendingRequests};
use crate::client::core::progress_report::ProgressReport;
use crate::client::core::rpc_error;
use crate::client::core::session::Target;
use crate::client::inbound::message::{MessageText, Messages, split};
use crate::client::inbound::policy::{Action, Carrier, Fault, action};
use crate::client::inbound::progress::{report_other, report_own};
use crate::client::inbound::server_request::ServerRequest;
use crate::protocol::accepted::Accepted;
use crate::protocol::notification::{self, NotificationKind, ProgressParams};
use crate::protocol::outgoing::Outgoing;
use crate::wire::jsonrpc::{Answer, Id, Message, ResponseBody, RpcError, malformed};
use crate::wire::partial_id::PartialId;
use crate::wire::tape::Tape;

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
    One { id: i64, report: Option<&'a Arc<ProgressReport>> },
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
    /// The notifications that the server has acknowledged.
    pub(crate) acknowledged: Option<Box<Accepted>>,
    /// The server has ended the notification stream.
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

impl Router<'_> {
    /// Routes the messages of an inbound text, and adds the results to `routed`.
    /// An error ends the request whose response is read, or the opening of the
    /// stream.
    pub(crate) fn route(&self, bytes: Vec<u8>, start: usize, routed: &mut Routed) -> Result<()> {
        match split(bytes, start, self.target.dialect.has_batches()) {
            Ok(Messages::One(message)) => self.route_message(message, routed)?,
            Ok(Messages::Batch(messages)) => {
                let carrier = match self.carrier {
                    Carrier::Body => Carrier::BatchBody,
                    other => other,
                };
                let router = Self { carrier, ..*self };
                for message in messages {
                    router.route_message(message, routed)?;
                }
            }
            Err((fault, error)) => self.fault(fault, || error)?,
        }
        Ok(())
    }

    /// Applies the policy to a fault that concerns no other pending request.
    /// Returns the error if the caller's request has to fail.
    pub(crate) fn fault(&self, fault: Fault, error: impl FnOnce() -> Error) -> Result<()> {
        match action(self.carrier, fault) {
            Action::Fail | Action::EndStream => Err(error()),
            Action::Skip(counter) | Action::FailNamed(counter) => {
                self.ctx.client.count_one(counter);
                Ok(())
            }
            Action::SkipSilently | Action::Take | Action::TakeForOnly => Ok(()),
        }
    }

    /// Applies the policy to a message over the size limit.
    pub(crate) fn too_long(&self, id: PartialId, error: Error) -> Result<()> {
        let Awaited::Many { pending, .. } = self.awaited else {
            return self.fault(Fault::TooLong, || error);
        };
        let ids = match id {
            PartialId::NoResponse => return self.fault(Fault::TooLongNotification, || error),
            PartialId::Response(id) => vec![id],
            PartialId::Unknown => pending.calls(),
        };
        for id in ids {
            self.fail_named(pending, id, Fault::TooLong, error.clone());
        }
        Ok(())
    }

    fn fail_named(&self, pending: &PendingRequests, id: i64, fault: Fault, error: Error) {
        if let Action::FailNamed(counter) = action(self.carrier, fault)
            && pending.put(id, Inbound::Malformed(error)).is_some()
        {
            self.ctx.client.count_one(counter);
        }
    }

    fn route_message(&self, message: MessageText, routed: &mut Routed) -> Result<()> {
        let (parsed, tape) = match message.parse() {
            Ok(parsed) => parsed,
            Err(error) => return self.route_malformed(&message, error),
        };
        let (id, body) = match parsed {
            Message::Response { id, outcome } => (id, outcome),
            Message::Notification { method, params } => {
                if self.carrier == Carrier::StreamOpening && method == notification::ACKNOWLEDGED {
                    let accepted = Accepted::parse(params.unwrap_or("{}"));
                    routed.acknowledged = Some(Box::new(accepted));
                } else if self.takes_requests()? {
                    self.route_notification(&message, &tape, &method, params, routed);
                }
                return Ok(());
            }
            Message::Request { id, method, params } => {
                if self.takes_requests()? {
                    let request = ServerRequest { id, method: &method, params };
                    routed.outgoing.extend(self.ctx.take_request(self.target, request)?);
                }
                return Ok(());
            }
        };
        self.route_response(id, body, tape, message, routed)
    }

    /// Whether this carrier takes requests and notifications.
    fn takes_requests(&self) -> Result<bool> {
        self.fault(Fault::NotAResponse, || {
            Error::protocol(
                "the server answered with a request or a notification in place of the response",
            )
        })?;
        Ok(action(self.carrier, Fault::NotAResponse) == Action::Take
            && action(self.carrier, Fault::EarlyMessage) == Action::Take)
    }

    fn route_malformed(&self, message: &MessageText, error: Error) -> Result<()> {
        match (message.id_of_broken_response(), self.awaited) {
            (Some(id), Awaited::Many { pending, .. }) => {
                self.fail_named(pending, id, Fault::MalformedResponse, error);
                Ok(())
            }
            (Some(_), _) => self.fault(Fault::MalformedResponse, || error),
            (None, _) => self.fault(Fault::Malformed, || error),
        }
    }

    fn route_response(
        &self,
        id: Id,
        body: ResponseBody,
        tape: Tape,
        message: MessageText,
        routed: &mut Routed,
    ) -> Result<()> {
        let is_anonymous = matches!((&id, &body), (Id::None, ResponseBody::Error(_)));
        let takes_anonymous =
            is_anonymous && action(self.carrier, Fault::AnonymousError) == Action::TakeForOnly;
        match self.awaited {
            Awaited::One { id: own, .. } if id == Id::Number(own) || takes_anonymous => {
                let (text, start) = message.into_parts();
                routed.response.get_or_insert_with(|| match body {
                    ResponseBody::Result(place) => {
                        Response::Result(Answer::new(text, start, tape, place))
                    }
                    ResponseBody::Error(rpc) => Response::Error { rpc, is_anonymous },
                });
                Ok(())
            }
            Awaited::One { id: own, .. } => match misnamed(&id, own) {
                Some(error) => self.fault(Fault::MisnamedResponse, || error),
                None => {
                    routed.has_other = true;
                    self.fault(Fault::UnknownResponse, || {
                        Error::protocol(format!(
                            "the server answered another request than this one (id {own})"
                        ))
                    })
                }
            },
            Awaited::Many { pending, .. } => {
                let id = match id {
                    Id::Number(id) => Some(id),
                    // The server could not read the request, so it has no id.
                    _ if takes_anonymous => pending.only(),
                    _ => None,
                };
                let (text, start) = message.into_parts();
                let response = Inbound::Response(text, start, tape, body);
                if id.is_none_or(|id| pending.put(id, response).is_some()) {
                    let unknown = || Error::protocol("a response to no request");
                    self.fault(Fault::UnknownResponse, unknown)?;
                }
                Ok(())
            }
            Awaited::Stream { id: Some(own), .. } if id == Id::Number(own) => {
                if self.carrier == Carrier::NotificationStream {
                    routed.is_over = true;
                    return Ok(());
                }
                match body {
                    ResponseBody::Error(rpc) => Err(rpc_error::error(&rpc, 200)),
                    ResponseBody::Result(_) => Ok(()),
                }
            }
            Awaited::Stream { .. } => {
                self.fault(Fault::UnknownResponse, || Error::protocol("a response to no request"))
            }
        }
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
                        params.and_then(notification::cancelled).and_then(|id| id.parse().ok())
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
            Awaited::One { id, report: Some(report) } if progress.id == Some(id) => {
                report_own(client, report, progress, wait);
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

/// The error for a response with the wrong id that can only belong to this
/// request.
fn misnamed(theirs: &Id, id: i64) -> Option<Error> {
    let what = match theirs {
        Id::Text(text) if *text == id.to_string() => format!("is the string \"{id}\""),
        Id::None => "is null or missing".to_owned(),
        _ => return None,
    };
    let what = format!("its id {what}, where the request's is the number {id}");
    Some(malformed(what).with_may_have_run(true))
}
