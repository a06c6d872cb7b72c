//! Handles the server's requests: ping, roots, and input requests.

use crate::base::error::Result;
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::input_request::OpenInputRequest;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Target;
use crate::protocol::input_request::{InputKind, InputRequest, InputResponse, TOO_MANY};
use crate::protocol::outgoing::Outgoing;

/// A request from the server.
#[derive(Clone, Copy)]
pub(crate) struct ServerRequest<'a> {
    /// The id as JSON text.
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) params: Option<&'a str>,
}

impl Ctx<'_> {
    /// Handles a request from the server: answers it, or delivers it to the
    /// application. Returns the response that the caller has to send.
    pub(crate) fn take_request(
        self,
        target: Target<'_>,
        request: ServerRequest<'_>,
    ) -> Result<Option<Outgoing>> {
        let Ctx { client, wait, .. } = self;
        if !target.dialect.has_requests() {
            client.count_one(Counter::Malformed);
            return Ok(None);
        }
        let answered = if request.method == "ping" {
            InputResponse::Result("{}".to_owned())
        } else {
            let none = Default::default();
            let declared = target.session.map_or(&none, |session| &session.declared);
            match InputRequest::recognise(request.method, request.params, declared) {
                Err(refusal) => refusal.into(),
                Ok(input) => 'answered: {
                    // The current roots: a stream may be older than the setting.
                    let roots = lock(&client.options).roots.clone();
                    if let (InputKind::Roots, Some(roots)) = (input.kind, roots) {
                        let answer = InputResponse::roots(&roots);
                        break 'answered answer.related_to(&input.params);
                    }
                    let Some(session) = target.session else { return Ok(None) };
                    match OpenInputRequest::of_request(
                        client.input_context(),
                        session,
                        request.id,
                        input,
                        wait,
                    ) {
                        Some(request) => {
                            client.deliver(QueuedItem::InputRequest(request), wait);
                            return Ok(None);
                        }
                        None => {
                            client.count_one(Counter::DroppedEvents);
                            TOO_MANY.into()
                        }
                    }
                }
            }
        };
        let Some(outgoing) = target.dialect.response(request.id, &answered) else {
            return Ok(None);
        };
        // The leader reads for other threads and must not stop to send.
        if (wait.is_leading() || wait.is_background())
            && let Some(session) = target.session
        {
            return client.send_apart(session, OutboxKind::Own, outgoing).map(|()| None);
        }
        Ok(Some(outgoing))
    }
}
