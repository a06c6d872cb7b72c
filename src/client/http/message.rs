//! A message over HTTP with SSE: a POST whose reply only accepts it.

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::connection_limit::ConnectionPermit;
use crate::client::core::context::Ctx;
use crate::client::core::outbound::{OutboundMessage, Outcome, RpcRefused};
use crate::client::http::request::{HttpContext, HttpRequest, Refused};
use crate::protocol::http_status::StatusClass;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Id;
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
            Err(refused) => refused.outcome().map(Some),
        }
    }
}

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
        let Self { status: http_status, error, found } = self;
        if !StatusClass::of(http_status).is_about_request() {
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
