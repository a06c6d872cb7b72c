//! Having the notification stream opened.

use std::sync::Arc;
use std::time::Duration;

use crate::base::error::Result;
use crate::base::signal::Signal;
use crate::client::core::client::Client;
use crate::client::core::job::Job;
use crate::client::core::subscriptions::StreamOpening;
use crate::transport::wait::{Attendant, Wait};

/// How long a first call waits for the stream on which its questions come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

impl Client {
    /// The same wait, on which what the background thread needs of the
    /// program is done: it may be asked for a token.
    pub(crate) fn attended(self: &Arc<Self>, wait: Wait) -> Wait {
        let attendant: Arc<dyn Attendant> = self.clone();
        wait.attending(Some(attendant))
    }

    /// Opens the stream on which a server of the handshake dialect asks: before
    /// the first call, because a question that finds none is lost.
    pub(crate) async fn open_for_questions(self: &Arc<Self>, wait: &Wait) -> Result<()> {
        let Some(session) = self.current_session() else { return Ok(()) };
        // On a stream that all calls share, questions come anyway.
        let has_stream = session.transport.channel().is_some() && !self.subscriptions.is_wanted();
        if has_stream || self.subscriptions.stands_for(&session) {
            return Ok(());
        }
        let opening = self.open_stream()?;
        match self.attended(wait.at_most(PATIENCE)).until_raised(&opening.done).await {
            Ok(()) => Ok(()),
            // Servers that offer none, or are slow with it, are none the
            // worse for other calls.
            Err(_) => wait.check(),
        }
    }

    /// Starts the job that opens the stream, and gives what it says of its
    /// first attempt.
    pub(crate) fn open_stream(self: &Arc<Self>) -> Result<Arc<StreamOpening>> {
        let opening = StreamOpening::new();
        let stop = Signal::shared();
        let generation = self.subscriptions.begin();
        self.start(Job::NotificationStream { generation, stop, opening: opening.clone() })?;
        Ok(opening)
    }
}
