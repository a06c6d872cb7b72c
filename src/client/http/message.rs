//! A message over HTTP with SSE: a POST whose reply only accepts it.

use crate::base::error::{Result, Status};
use crate::client::core::client::Client;
use crate::client::core::connection_limit::ConnectionPermit;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::{OutboundMessage, Outcome, RpcRefused};
use crate::client::http::request::{HttpContext, HttpRequest, Refused};
use crate::protocol::http_status::StatusClass;
use crate::transport::wait::Wait;
use crate::wire::url::Url;

impl Ctx<'_> {
    /// Sends a message to the endpoint of HTTP with SSE. A response arrives on
    /// the event stream; only a refusal is returned here.
    pub(crate) async fn send_post(
        self,
        url: &Url,
        message: OutboundMessage<'_>,
    ) -> Result<Option<Outcome>> {
        let Ctx { client, options, wait } = self;
        let http = HttpContext::new(options, Some(message.target.dialect))?;
        let _permit = client.connection_permit(wait).await?;
        match self.send(&HttpRequest::post(url, message), &http).await? {
            Ok(reply) => {
                reply.release();
                Ok(None)
            }
            Err(refused) => self.refused(refused, message).map(Some),
        }
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
const MAY_BE_LOST: &str = "or the session may be lost: then the next call begins a new session";

impl Client {
    /// Waits for a permit to use a connection, if the request was started.
    pub(crate) async fn connection_permit(
        &self,
        wait: &Wait,
    ) -> Result<Option<ConnectionPermit<'_>>> {
        if wait.is_queued() { self.connection_limit.enter(wait).await.map(Some) } else { Ok(None) }
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
