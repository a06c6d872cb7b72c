//! Gives up a session.

use std::sync::Arc;

use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::session::{Session, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::transport::process::ENDING;

impl Client {
    /// Gives up a session that is lost, unless another thread has replaced it
    /// already.
    pub(crate) fn forget(self: &Arc<Self>, lost: &Arc<Session>) {
        let mut session = lock(&self.session);
        if session.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
            *session = None;
            drop(session);
            if let Transport::SharedConnection(connection) = &lost.transport {
                self.set_loss_of(connection);
            }
            self.report_state();
            self.input_requests.withdraw_all(lost);
            if let Transport::SharedConnection(connection) = &lost.transport {
                self.retire(connection);
            }
        }
    }

    /// Keeps the reason for the loss of a session whose connection has ended.
    pub(crate) fn set_loss_of(&self, connection: &SharedConnection) {
        if let Err(error) = connection.check() {
            self.set_loss(error.masked(&self.options().secrets()).message());
        }
    }

    /// Closes a shared connection on the background thread.
    pub(crate) fn retire(self: &Arc<Self>, connection: &Arc<SharedConnection>) {
        let connection = connection.clone();
        // If the task cannot be started, the last owner closes it.
        let _ = self.spawn(move |client| async move {
            connection.shut(ENDING, &client.endless()).await;
        });
    }
}
