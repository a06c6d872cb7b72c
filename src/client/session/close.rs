//! Closes a client.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::operation::OperationResult;
use crate::client::core::request_state::{RequestState, RunId};
use crate::client::core::session::Transport;
use crate::client::options::server::Server;
use crate::transport::process::ENDING;
use crate::transport::wait::{Wait, now};

/// The default limit of the end of a session over HTTP. The request is sent at
/// once, so a server that answers slowly has received it all the same.
const END: Duration = Duration::from_millis(500);
/// How much longer than its limit a close may take.
const SPARE: Duration = Duration::from_secs(1);

impl Client {
    /// Ends every wait with `MCP_E_CLOSED`, and ends the session at the server.
    /// Waits for that, also if another thread has begun it.
    pub(crate) fn close(self: &Arc<Self>) {
        let most = self.close_limit() + SPARE;
        let _ = now(async { self.close_within(&Wait::for_at_most(most)).await });
        self.background_tasks.leave();
        // The work on the background thread may have been given up.
        self.end_close();
    }

    /// The same, without releasing the background thread.
    pub(crate) async fn close_within(self: &Arc<Self>, wait: &Wait) -> Result<()> {
        if self.begin_close() {
            self.finish_close(wait).await;
            return Ok(());
        }
        wait.until_raised(&self.closing.done).await
    }

    /// Closes a client that the application does not see, on either thread.
    pub(crate) async fn close_sibling(self: &Arc<Self>, wait: &Wait) {
        let _ = self.close_within(&wait.afterwards(self.close_limit() + SPARE)).await;
        self.background_tasks.leave();
    }

    /// Closes on the background thread.
    pub(crate) fn start_close(self: &Arc<Self>) -> Result<()> {
        // First: without the thread, nothing ends.
        let background = self.background_tasks.enter(|| Ok(()))?;
        if self.begin_close() {
            let client = self.clone();
            background.spawn(move || async move {
                let wait = Wait::for_at_most(client.close_limit() + SPARE).in_background();
                client.finish_close(&wait).await;
            });
        }
        Ok(())
    }

    /// The same for a started request, which is done when the close has ended, or
    /// when `wait` ends.
    pub(crate) fn start_close_for(
        self: &Arc<Self>,
        run: RunId,
        request: &Arc<RequestState>,
        wait: Wait,
    ) -> Result<()> {
        if !self.closing.add(run, request) {
            self.complete_close(run, request, Ok(OperationResult::None));
            return Ok(());
        }
        let started = self.background_tasks.enter(|| Ok(())).and_then(|background| {
            self.start_close()?;
            let (client, request) = (self.clone(), request.clone());
            background.spawn(move || async move {
                if let Err(error) = wait.until_raised(&client.closing.done).await {
                    let error = client.finished(error, "close", &client.options());
                    client.complete_close(run, &request, Err(error));
                    client.closing.remove(run);
                }
            });
            Ok(())
        });
        started.inspect_err(|_| self.closing.remove(run))
    }

    /// Ends every wait, unless that has happened before. Does not wait.
    fn begin_close(self: &Arc<Self>) -> bool {
        let is_first = self.closing.begin();
        if is_first {
            // First, so that an event loop that wakes up finds the requests.
            self.end_requests();
            self.close.raise();
        }
        is_first
    }

    async fn finish_close(self: &Arc<Self>, wait: &Wait) {
        // Also if this task panics or is given up.
        let _end = EndOnDrop(self);
        let options = self.options();
        let until = Instant::now() + self.close_limit();
        let left = || until.saturating_duration_since(Instant::now());
        // The close signal makes the background tasks end.
        self.background_tasks.until_ended(left().min(self.tasks_limit()), wait).await;
        if let Some(session) = self.take_session() {
            match &session.transport {
                Transport::StreamableHttp => {
                    let wait = wait.until(until);
                    Ctx::new(self, &options, &wait).end_session(session.dialect.as_ref()).await;
                }
                Transport::SharedConnection(connection) => connection.shut(left(), wait).await,
            }
        }
        options.http.close();
    }

    /// Records the end of the close, and completes the requests for it.
    fn end_close(&self) {
        self.closing
            .end(|run, request| self.complete_close(run, request, Ok(OperationResult::None)));
    }

    fn complete_close(
        &self,
        run: RunId,
        request: &Arc<RequestState>,
        result: Result<OperationResult>,
    ) {
        let result = request.settle(run, result);
        self.event_queue.complete(request, run, result);
    }

    fn close_limit(&self) -> Duration {
        let options = self.options();
        let is_program = matches!(options.server, Server::Program(_));
        options.close_timeout.unwrap_or(if is_program { ENDING } else { END })
    }

    /// How long a close waits for the background tasks, which end at once but for
    /// messages that help the server.
    fn tasks_limit(&self) -> Duration {
        self.courtesy_limit().max(END)
    }

    /// The part of the limit of a close in which such messages are sent. The rest is
    /// for the end of the session.
    pub(crate) fn courtesy_limit(&self) -> Duration {
        match self.options().server {
            Server::Program(_) => Duration::ZERO,
            _ => self.close_limit() / 5 * 4,
        }
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

struct EndOnDrop<'a>(&'a Arc<Client>);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end_close();
    }
}
