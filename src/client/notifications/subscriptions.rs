//! Opens and closes the notification stream, as the application's subscriptions
//! require.

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
            let _ = self.within(&wait.at_most(PATIENCE)).update_stream(true).await;
        }
    }

    /// Opens the notification stream for the current interest, or closes it.
    /// `may_open_late`: the stream may also open after this wait has ended.
    pub(crate) async fn update_stream(self, may_open_late: bool) -> Result<()> {
        let Ctx { client, wait, .. } = self;
        let Connected { session, is_new } = self.connected().await?;
        let is_handshake = !session.server_info.revision.is_stateless();
        if self.close_unwanted_stream(is_handshake) {
            return Ok(());
        }
        if is_handshake && client.subscriptions.is_open_for(&session) {
            if client.subscriptions.take_unreported() {
                client.deliver_own_event(NotificationKind::Listening, "{}", wait);
            }
            return Ok(());
        }
        let opening = client.open_stream(&session, is_new)?;
        if let Err(error) = wait.until_raised(&opening.done).await {
            // In the handshake dialect, other calls may wait for the same stream.
            if may_open_late || is_handshake || client.subscriptions.give_up(&opening) {
                return Err(error);
            }
        }
        opening.result()
    }

    /// Opens the notification stream for these kinds, or closes it for none.
    pub(crate) async fn listen_within(self, kinds: i32) -> Result<()> {
        let Ctx { client, options, wait } = self;
        let wait = client.attended(wait.clone());
        let subscriptions = &client.subscriptions;
        let before = subscriptions.open_generation();
        let kinds_before = std::mem::replace(&mut lock(&subscriptions.0).kinds, kinds);
        let updated = Ctx::new(client, options, &wait).update_stream(false).await;
        // A cancel may come while the stream opens: it has decided the outcome.
        let updated = updated.and_then(|()| wait.check());
        updated.inspect_err(|_| {
            lock(&subscriptions.0).kinds = kinds_before;
            self.close_stream_after_failure();
            if subscriptions.open_generation() != before {
                self.open_earlier_stream();
            }
        })
    }

    /// Opens the stream for the earlier interest again, if the stream of a call
    /// that has failed replaced it. The handshake dialect has one stream for all.
    fn open_earlier_stream(self) {
        let Ctx { client, .. } = self;
        if let Some(session) = client.current_session()
            && session.server_info.revision.is_stateless()
            && client.subscriptions.is_wanted()
        {
            // If the server refuses it, the stream of the failed call stays.
            let _ = client.open_stream(&session, false);
        }
    }

    /// Closes a stream that opens after the call for it has failed, unless
    /// something else needs it.
    pub(crate) fn close_stream_after_failure(self) {
        if let Some(session) = self.client.current_session() {
            self.close_unwanted_stream(!session.server_info.revision.is_stateless());
        }
    }

    /// Closes the notification stream if nothing needs it.
    fn close_unwanted_stream(self, is_handshake: bool) -> bool {
        let Ctx { client, options, .. } = self;
        let has_input_requests = is_handshake && options.declared.is_any();
        let is_wanted = client.subscriptions.is_wanted() || has_input_requests;
        if !is_wanted {
            client.subscriptions.stop();
        }
        !is_wanted
    }
}
