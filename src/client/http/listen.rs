//! The POST that opens the notification stream of `subscriptions/listen`.

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::context::Ctx;
use crate::client::core::rpc_error;
use crate::client::core::session::Session;
use crate::client::http::request::{EXCERPT, HttpContext, HttpRequest};
use crate::protocol::outgoing::Outgoing;
use crate::protocol::session_loss::RequestKind;
use crate::transport::http::{HttpResponse, ResponseLimits};
use crate::wire::http1::Media;
use crate::wire::jsonrpc;

impl<'a> Ctx<'a> {
    /// Sends `subscriptions/listen`, and returns its reply: an event stream
    /// without an end.
    pub(crate) async fn open(
        self,
        session: &Arc<Session>,
        outgoing: &Outgoing,
        http: &HttpContext<'_>,
    ) -> Result<HttpResponse<'a>> {
        let Ctx { client, options, wait } = self;
        let Outgoing { headers, body } = outgoing;
        let url = &options.address()?.url;
        let request = HttpRequest {
            verb: "POST",
            url,
            headers,
            body: Some(body),
            is_repeatable: true,
            wants_session_id: false,
            patience: None,
            limits: ResponseLimits::default(),
        };
        match self.send(&request, http).await? {
            Ok(reply) if matches!(reply.head.media, Media::EventStream) => Ok(reply),
            Ok(mut reply) => {
                let body = reply.read_excerpt(EXCERPT, wait).await;
                http.trace(&body);
                let status = reply.head.status;
                reply.release();
                let found = jsonrpc::find_error(&body);
                Err(rpc_error::no_stream(found.as_ref().map(|(_, rpc)| rpc), status))
            }
            Err(refused) => {
                let verdict = refused.verdict(RequestKind::Listen, session);
                if verdict.is_lost() {
                    client.forget(session);
                } else if verdict.needs_ping() {
                    self.verify(session).await?;
                }
                Err(refused.error)
            }
        }
    }
}
