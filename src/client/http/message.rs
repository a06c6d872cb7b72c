//! Sending a message by a POST whose reply says no more than that it arrived.

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::connection_limit::ConnectionPermit;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::outbound::RpcRefused;
use crate::client::http::http_error;
use crate::client::http::request::HttpContext;
use crate::client::http::request::HttpRequest;
use crate::client::http::request::Refused;
use crate::client::options::Options;
use crate::transport::wait::Wait;
use crate::wire::jsonrpc::Id;
use crate::wire::url::Url;

impl Client {
    /// The right to a connection, for a request that was started.
    pub(crate) async fn lane(&self, wait: &Wait) -> Result<Option<ConnectionPermit<'_>>> {
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
            Err(refused) => refused.outcome().map(Some),
        }
    }
}

impl Refused {
    /// On a status other than 2xx an error belongs to the request that it
    /// answers, whatever its id.
    pub(crate) fn outcome(self) -> Result<Outcome> {
        let Self { status: http_status, error, found } = self;
        if http_error::is_final(http_status) {
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
