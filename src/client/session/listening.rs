//! Starts the job that opens the notification stream.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::job::Job;
use crate::client::core::session::Session;
use crate::client::core::subscriptions::StreamOpening;
use crate::transport::wait::{Attendant, Wait};

/// How long the first call waits for the stream that carries input requests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

impl Client {
    /// Returns the wait with this client as attendant: while the thread waits,
    /// it runs the callbacks that the background thread needs, such as the one
    /// for a token.
    pub(crate) fn attended(self: &Arc<Self>, wait: Wait) -> Wait {
        let attendant: Arc<dyn Attendant> = self.clone();
        wait.attending(attendant)
    }

    /// Opens the notification stream of the handshake dialect. This happens
    /// before the first call, because the server drops input requests that it
    /// cannot send.
    pub(crate) async fn open_for_input_requests(self: &Arc<Self>, wait: &Wait) -> Result<()> {
        let Some(session) = self.current_session() else { return Ok(()) };
        // A shared connection carries input requests anyway.
        let has_stream =
            session.transport.shared_connection().is_some() && !self.subscriptions.is_wanted();
        if has_stream || self.subscriptions.is_open_for(&session) {
            return Ok(());
        }
        let opening = self.open_stream(&session, true)?;
        match self.attended(wait.at_most(PATIENCE)).until_raised(&opening.done).await {
            Ok(()) => Ok(()),
            // The call goes on without the stream if the server offers none or
            // opens it slowly.
            Err(_) => wait.check(),
        }
    }

    /// Starts the job, unless another call has just started the same, and returns
    /// its first attempt. `is_new`: the session was made just now.
    pub(crate) fn open_stream(
        self: &Arc<Self>,
        session: &Arc<Session>,
        is_new: bool,
    ) -> Result<Arc<StreamOpening>> {
        if !session.server_info.revision.is_stateless()
            && let Some(opening) = self.subscriptions.join(session)
        {
            return Ok(opening);
        }
        let opening = self.subscriptions.begin(session, is_new);
        let started = self.start(Job::NotificationStream(opening.clone()));
        // Another call may have joined.
        started.inspect_err(|error| opening.finish(Err(error.clone())))?;
        Ok(opening)
    }
}
