//! Opens and closes the notification stream, as the application's subscriptions
//! require.

use std::sync::{Arc, Weak};

use crate::base::error::Result;
use crate::base::sync::lock;
use crate::client::core::context::Ctx;
use crate::client::core::session::Session;
use crate::client::session::connect::Connected;
use crate::client::session::listening::PATIENCE;
use crate::protocol::notification::NotificationKind;

impl Ctx<'_> {
    /// Subscribes to the status of a task. A stateless revision needs the task's
    /// id in the request for the notification stream.
    pub(crate) async fn listen_to_task(self, session: &Session, id: &str) {
        let Ctx { client, wait, .. } = self;
        let has_changed = client.subscriptions.add_task(id);
        let wants = lock(&client.subscriptions.0).kinds & NotificationKind::TaskStatus as i32 != 0;
        if has_changed && wants && session.server_info.revision.is_stateless() {
            // Without notifications, the library polls the task.
            let _ = self.within(&wait.at_most(PATIENCE)).update_stream().await;
        }
    }

    /// Opens the notification stream for the current interest, or closes it.
    pub(crate) async fn update_stream(self) -> Result<()> {
        let Ctx { client, options, wait } = self;
        let Connected { session, is_new } = self.connected().await?;
        let is_handshake = !session.server_info.revision.is_stateless();
        let has_input_requests = is_handshake && options.declared.is_any();
        if !client.subscriptions.is_wanted() && !has_input_requests {
            client.subscriptions.stop();
            return Ok(());
        }
        if is_handshake && client.subscriptions.is_open_for(&session) {
            return Ok(());
        }
        let new_session = if is_new { Arc::downgrade(&session) } else { Weak::new() };
        let opening = client.open_stream(new_session)?;
        wait.until_raised(&opening.done).await?;
        let result = lock(&opening.result).take();
        result.unwrap_or(Ok(()))
    }

    /// Opens the notification stream for these kinds, or closes it for none.
    pub(crate) async fn listen_within(self, kinds: i32) -> Result<()> {
        let Ctx { client, options, wait } = self;
        let wait = client.attended(wait.clone());
        let subscriptions = &client.subscriptions;
        let before = std::mem::replace(&mut lock(&subscriptions.0).kinds, kinds);
        let updated = Ctx::new(client, options, &wait).update_stream().await;
        updated.inspect_err(|_| lock(&subscriptions.0).kinds = before)
    }
}
