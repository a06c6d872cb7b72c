//! Letting go of a session.

use std::sync::Arc;

use crate::base::sync::lock;
use crate::client::core::client::Client;
use crate::client::core::session::{Session, Transport};
use crate::client::core::shared_connection::SharedConnection;
use crate::transport::process::ENDING;

impl Client {
    /// Lets go of a session that the server has forgotten, unless another
    /// thread has made a new one.
    pub(crate) fn forget(self: &Arc<Self>, lost: &Arc<Session>) {
        let mut session = lock(&self.session);
        if session.as_ref().is_some_and(|current| Arc::ptr_eq(current, lost)) {
            *session = None;
            drop(session);
            self.questions.withdraw_all(lost);
            if let Transport::SharedConnection(channel) = &lost.transport {
                self.retire(channel);
            }
        }
    }

    /// Ends a channel that is of no more use, while others go on.
    pub(crate) fn retire(self: &Arc<Self>, channel: &Arc<SharedConnection>) {
        let channel = channel.clone();
        // Where that cannot be done, the last who lets go of it does it.
        let _ = self.spawn(move |client| async move {
            channel.shut(ENDING, &client.endless()).await;
        });
    }
}
