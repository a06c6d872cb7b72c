//! One message to the server and what comes back, over the transport of the
//! session.

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::outbound::Outcome;
use crate::client::core::session::Transport;
use crate::client::options::Options;
use crate::transport::wait::Wait;

impl Client {
    /// Sends a message, and waits for the response to a request.
    pub(crate) async fn post(
        self: &Arc<Self>,
        options: &Options,
        post: OutboundMessage<'_>,
        wait: &Wait,
    ) -> Result<Outcome> {
        match post.peer.transport {
            Transport::StreamableHttp => self.post_http(options, post, wait).await,
            Transport::SharedConnection(channel) => {
                self.post_on(channel, options, post, wait).await
            }
        }
    }
}
