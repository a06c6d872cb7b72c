//! A message over HTTP with SSE: a POST. The response to a request comes on the
//! event stream, or in the body of the HTTP response.

use std::time::Duration;

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::connection_limit::ConnectionPermit;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::{OutboundMessage, Outcome, RpcRefused};
use crate::client::core::shared_connection::SharedConnection;
use crate::client::http::request::{HttpContext, HttpRequest, Refused};
use crate::client::inbound::policy::{Carrier, Fault};
use crate::client::inbound::router::{Awaited, Routed, Router};
use crate::protocol::http_status::StatusClass;
use crate::transport::events::EventSource;
use crate::transport::http::HttpResponse;
use crate::transport::wait::Wait;
use crate::wire::http1::{Head, Media};
use crate::wire::url::Url;

/// How long the HTTP response to a notification is waited for, and how long at a
/// server that sent none in time before.
const ACKNOWLEDGEMENT: Duration = Duration::from_millis(500);
const MISSING_ACKNOWLEDGEMENT: Duration = Duration::from_millis(50);

/// What the HTTP response to a POST says.
#[derive(Debug)]
pub(crate) enum Posted {
    /// Nothing, or there was none: the server has the message.
    Accepted,
    Refused(Outcome),
    /// Its body has the response to the request.
    Answered(Outcome),
    /// Its body has the response to the request, but it cannot be read.
    Unreadable(Error),
}

impl Ctx<'_> {
    /// Sends a message to the endpoint of HTTP with SSE. The HTTP response to a
    /// notification is not waited for long.
    pub(crate) async fn send_to_endpoint(
        self,
        connection: &SharedConnection,
        url: &Url,
        mut message: OutboundMessage<'_>,
    ) -> Result<Posted> {
        if message.id.is_some() {
            return self.send_post(url, message).await;
        }
        let is_mute = connection.is_mute();
        message.limits.head = Some(if is_mute { MISSING_ACKNOWLEDGEMENT } else { ACKNOWLEDGEMENT });
        match self.send_post(url, message).await {
            Err(error) if is_of_acknowledgement(&error) && self.wait.check().is_ok() => {
                connection.set_mute(error.status() == Status::Timeout);
                Ok(Posted::Accepted)
            }
            result => result,
        }
    }

    /// Sends a message by a POST.
    pub(crate) async fn send_post(self, url: &Url, message: OutboundMessage<'_>) -> Result<Posted> {
        let Ctx { client, options, wait } = self;
        let http = HttpContext::new(options, Some(message.target.dialect))?;
        let _permit =
            if wait.is_queued() { Some(client.connection_permit(wait).await?) } else { None };
        match self.send(&HttpRequest::post(url, &message), &http).await? {
            Ok(reply) => match message.id {
                Some(id) if may_have_response(&reply.head) => {
                    // Boxed: most servers only accept the request.
                    Box::pin(self.read_response(reply, id, message, &http)).await
                }
                _ => {
                    reply.release();
                    Ok(Posted::Accepted)
                }
            },
            Err(refused) => self.refused(refused, message).map(Posted::Refused),
        }
    }

    /// Reads the response to a request in the HTTP response to its POST, if it is
    /// there.
    async fn read_response(
        self,
        mut reply: HttpResponse<'_>,
        id: i64,
        message: OutboundMessage<'_>,
        http: &HttpContext<'_>,
    ) -> Result<Posted> {
        let Ctx { options, wait, .. } = self;
        let status = reply.head.status;
        let said = |error: Error| error.with_http_status(status).with_may_have_run(true);
        let awaited = Awaited::One { id, progress: message.progress };
        // Whatever is no response decides nothing, as on the event stream.
        let carrier = Carrier::SharedEvents;
        let router = Router { ctx: self, carrier, target: message.target, awaited };
        let mut routed = Routed::default();
        if !matches!(reply.head.media, Media::EventStream) {
            let body = reply.read(options.max_message, wait).await.map_err(said)?;
            http.trace(&body);
            reply.release();
            if has(&body, b"\"jsonrpc\"") {
                // Without either, the server only accepts the request.
                let may_answer = has(&body, b"\"result\"") || has(&body, b"\"error\"");
                let kept = if may_answer { Vec::new() } else { body.clone() };
                let routing = match body.first() {
                    Some(b'{' | b'[') => router.route(body, 0, &mut routed),
                    _ => router.route_unusual(body, &mut routed),
                };
                match routing {
                    Err(error) if may_answer => return Ok(Posted::Unreadable(said(error))),
                    Err(error) => router.fault(Fault::Malformed, &kept, || error)?,
                    Ok(()) => {}
                }
                self.answer(message.target, std::mem::take(&mut routed.outgoing)).await?;
            }
            return Ok(posted(routed, status));
        }
        let mut source = EventSource::of_response(reply, options.max_message);
        while routed.response.is_none() {
            let event = source.next_message(wait, &mut ()).await.map_err(said)?;
            let Some(event) = event else { break };
            http.trace(event.data());
            if let Err(error) = router.route_event(event, &mut routed) {
                source.into_parts().0.release();
                return Ok(Posted::Unreadable(said(error)));
            }
            self.answer(message.target, std::mem::take(&mut routed.outgoing)).await?;
        }
        source.into_parts().0.release();
        Ok(posted(routed, status))
    }

    /// Turns the refusal of a message into an outcome, and suspects the session
    /// if the refusal may mean that it is lost.
    #[cold]
    pub(crate) fn refused(
        self,
        mut refused: Refused,
        message: OutboundMessage<'_>,
    ) -> Result<Outcome> {
        if let Some(session) = message.target.session {
            let verdict = refused.verdict(message.kind(), session);
            if verdict.needs_ping() {
                session.suspect();
                // Without an authorization, nobody knows whether a token helps.
                if refused.error.status() == Status::Unauthorized && self.options.oauth.is_none() {
                    refused.error = refused.error.with_advice(MAY_BE_LOST);
                }
            }
        }
        refused.outcome()
    }
}

/// The advice for a 401 in a session that worked.
const MAY_BE_LOST: &str = "or the session may be lost: the next call asks the server";

fn posted(routed: Routed, http_status: u16) -> Posted {
    match routed.response {
        Some(response) => Posted::Answered(response.outcome(http_status, None)),
        None => Posted::Accepted,
    }
}

/// Whether the HTTP response to a request may have the response in its body.
fn may_have_response(head: &Head) -> bool {
    match head.media {
        Media::Json | Media::EventStream => true,
        // Most servers accept a request with a word or two.
        Media::Other(_) | Media::None => head.status == 200 || head.may_have(SHORTEST),
    }
}

/// The length of the shortest response to a request.
const SHORTEST: u64 = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.len() as u64;

fn has(body: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(body, part).is_some()
}

/// Whether a message was sent, and the HTTP response to it was late, cut or
/// missing.
pub(crate) fn is_of_acknowledgement(error: &Error) -> bool {
    let is_of_reply = matches!(error.status(), Status::Timeout | Status::Io | Status::Protocol);
    is_of_reply && error.may_have_run()
}

impl Client {
    /// Waits for a permit to use a connection, which a started request needs.
    pub(crate) async fn connection_permit(&self, wait: &Wait) -> Result<ConnectionPermit<'_>> {
        // Boxed: a call that blocks has no room for it.
        Box::pin(self.connection_limit.enter(wait)).await
    }
}

impl Refused {
    /// Turns the refusal into an outcome. In a reply with a status other than
    /// 2xx, a JSON-RPC error belongs to the request, whatever its id.
    pub(crate) fn outcome(self) -> Result<Outcome> {
        let Self { status: http_status, error, found, names_request } = self;
        if !StatusClass::of(http_status).is_about_request() {
            return Err(error);
        }
        Ok(match found {
            Some(rpc) => {
                let is_anonymous = !names_request;
                Outcome::Rpc(RpcRefused { rpc, error, http_status, is_anonymous })
            }
            None => Outcome::NotMcp(http_status, error),
        })
    }
}
