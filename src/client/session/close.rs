//! Closes a client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Status};
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::session::Transport;
use crate::client::options::server::Server;
use crate::transport::process::ENDING;
use crate::transport::wait::{Wait, now};

/// The default limit of the end of a session over HTTP. The request is sent at
/// once, so a server that answers slowly has received it all the same.
const END: Duration = Duration::from_millis(500);

impl Client {
    /// Ends every wait with `MCP_E_CLOSED`, and ends the session at the server.
    pub(crate) fn close(self: &Arc<Self>) {
        // First, so that an event loop that wakes up finds the requests.
        self.end_requests();
        self.close.raise();
        let options = self.options();
        let is_program = matches!(options.server, Server::Program(_));
        let usual = if is_program { ENDING } else { END };
        let until = Instant::now() + options.close_timeout.unwrap_or(usual);
        let left = || until.saturating_duration_since(Instant::now());
        // The close signal makes the background tasks end.
        self.background_tasks.end(Instant::now() + left().min(END));
        if let Some(session) = self.take_session() {
            let wait = Wait::for_at_most(left());
            let _ = now(async {
                match &session.transport {
                    Transport::StreamableHttp => {
                        Ctx::new(self, &options, &wait).end_session(session.dialect.as_ref()).await;
                    }
                    Transport::SharedConnection(connection) => connection.shut(left(), &wait).await,
                }
                Ok::<(), Error>(())
            });
        }
        options.http.close();
    }

    /// Ends the requests in flight with `MCP_E_CLOSED`.
    fn end_requests(&self) {
        // In this order: a request queues its result before it leaves this
        // list, so it is found in one of the two.
        let in_flight = self.in_flight.close();
        for item in self.event_queue.close() {
            if let QueuedItem::Done(request, run, result) = item {
                self.event_queue.complete(&request, run, result);
            }
        }
        for (run, request) in in_flight {
            let closed = Err(Error::new(Status::Closed, "the client was closed"));
            self.event_queue.complete(&request, run, closed);
        }
    }
}
