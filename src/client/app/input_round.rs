//! The input requests that a call has to answer before the server completes it.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::input_request::{InputResponses, MAX_OPEN, OpenInputRequest};
use crate::client::options::Options;
use crate::protocol::input_request::{InputKind, InputRequest, InputResponse};
use crate::transport::wait::Wait;

/// A round of input requests. When the call ends, its input requests end as
/// well, because the server expects no responses any more.
#[derive(Debug)]
pub(crate) struct InputRound {
    pub(crate) responses: Arc<InputResponses>,
    requests: Vec<Arc<OpenInputRequest>>,
}

impl InputRound {
    pub(crate) fn new(keys: Vec<String>) -> Result<Self> {
        if keys.len() > MAX_OPEN {
            return Err(Error::new(
                Status::TooLarge,
                format!("the server sent more than {MAX_OPEN} input requests at once"),
            ));
        }
        Ok(Self { responses: InputResponses::new(keys), requests: Vec::new() })
    }

    /// Like `new`, with a signal that is shared with something else.
    pub(crate) fn with_signal(keys: Vec<String>, all: &Arc<Signal>) -> Self {
        Self { responses: InputResponses::with_signal(keys, all), requests: Vec::new() }
    }

    pub(crate) fn add(
        &mut self,
        client: &Arc<Client>,
        place: usize,
        request: InputRequest,
        wait: &Wait,
    ) {
        let request = OpenInputRequest::of_round(
            client.input_context(),
            &self.responses,
            place,
            request,
            wait,
        );
        self.requests.push(request);
    }

    /// Adds an input request, or answers it at once from the options.
    pub(crate) fn take(
        &mut self,
        client: &Arc<Client>,
        options: &Options,
        place: usize,
        request: InputRequest,
        wait: &Wait,
    ) {
        match (&options.roots, request.kind) {
            (Some(roots), InputKind::Roots) => {
                self.responses.set(place, InputResponse::roots(roots));
            }
            _ => self.add(client, place, request, wait),
        }
    }

    /// Delivers the input requests. All are open before the first is answered.
    pub(crate) fn deliver(&self, client: &Client, wait: &Wait) {
        for request in &self.requests {
            client.deliver(QueuedItem::InputRequest(request.clone()), wait);
        }
    }

    /// Delivers the input requests, and waits for all responses.
    pub(crate) async fn deliver_and_wait(&self, client: &Client, wait: &Wait) -> Result<()> {
        self.deliver(client, wait);
        wait.until_raised(&self.responses.all).await
    }
}

impl Drop for InputRound {
    fn drop(&mut self) {
        for request in &self.requests {
            request.end();
        }
    }
}
