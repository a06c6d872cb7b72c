//! Starts the job that opens the notification stream.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::base::error::Result;
use crate::base::signal::Signal;
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
        wait.attending(Some(attendant))
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
        let opening = self.open_stream(Arc::downgrade(&session))?;
        match self.attended(wait.at_most(PATIENCE)).until_raised(&opening.done).await {
            Ok(()) => Ok(()),
            // The call goes on without the stream if the server offers none or
            // opens it slowly.
            Err(_) => wait.check(),
        }
    }

    /// Starts the job, and returns the result of its first attempt. `new_session`:
    /// the session, if it was made just now.
    pub(crate) fn open_stream(
        self: &Arc<Self>,
        new_session: Weak<Session>,
    ) -> Result<Arc<StreamOpening>> {
        let opening = StreamOpening::new(new_session);
        let stop = Signal::shared();
        let generation = self.subscriptions.begin();
        self.start(Job::NotificationStream { generation, stop, opening: opening.clone() })?;
        Ok(opening)
    }
}
