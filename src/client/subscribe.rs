//! Subscribes to a resource, and sets the level of log messages.

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::context::Ctx;

impl Ctx<'_> {
    /// Subscribes to the updates of a resource, or unsubscribes.
    pub(crate) async fn subscribe_within(self, uri: &str, on: bool) -> Result<()> {
        let Ctx { client, options, wait } = self;
        let attended = client.attended(wait.clone());
        Ctx::new(client, options, &attended).change_subscription(uri, on).await
    }

    async fn change_subscription(self, uri: &str, on: bool) -> Result<()> {
        let Ctx { client, .. } = self;
        let session = self.connected().await?.session;
        if on && !session.server_info.has_capability("resources.subscribe") {
            return Err(Error::new(
                Status::Unsupported,
                "the server sends no notifications about a single resource: it does not \
                 declare resources.subscribe",
            ));
        }
        let change = |add: bool| {
            let uris = &mut lock(&client.subscriptions.0).uris;
            let place = uris.binary_search_by(|one| one.as_str().cmp(uri));
            match place {
                Err(at) if add => uris.insert(at, uri.to_owned()),
                Ok(at) if !add => drop(uris.remove(at)),
                _ => return false,
            }
            true
        };
        let has_changed = change(on);
        let result = async {
            if let Some(call) = session.dialect.subscribe(uri, on) {
                // The stream first, so that no notification is lost.
                if on {
                    self.update_stream(false).await?;
                }
                self.perform_within(&call, &CallLimits::default()).await?;
            }
            self.update_stream(false).await
        };
        let result = result.await;
        if result.is_err() && has_changed {
            change(!on);
            self.close_stream_after_failure();
        }
        result
    }

    /// Sets the minimum level of log messages.
    pub(crate) async fn set_log_level_within(self, level: &'static str) -> Result<()> {
        let session = self.connected().await?.session;
        if let Some(call) = session.dialect.set_log_level(level) {
            self.perform_within(&call, &CallLimits::default()).await?;
        }
        *lock(&self.client.log_level) = Some(level);
        Ok(())
    }
}
