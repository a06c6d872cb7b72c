//! Announces changes of the client to the server.

use std::sync::Arc;

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::outbox::OutboxKind;
use crate::client::core::session::Session;
use crate::protocol::call::Call;

impl Client {
    /// Tells the server of a session in the background that the roots have
    /// changed. Servers of revisions without a handshake ask each time.
    pub(crate) fn announce_roots(self: &Arc<Self>, session: &Arc<Session>) -> Result<()> {
        if session.server_info.revision.is_stateless() {
            return Ok(());
        }
        let changed = Call::notification("notifications/roots/list_changed", None)?;
        self.send_apart(session, OutboxKind::Own, session.dialect.notification(&changed))
    }
}
