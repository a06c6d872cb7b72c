//! Subscribes to a resource, and sets the level of log messages.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::transport::wait::now;

impl Ctx<'_> {
    async fn subscribe_within(self, uri: &str, on: bool) -> Result<()> {
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
                    self.update_stream().await?;
                }
                self.perform_within(&call, &CallLimits::default()).await?;
            }
            self.update_stream().await
        };
        let result = result.await;
        if result.is_err() && has_changed {
            change(!on);
        }
        result
    }
}

impl Client {
    /// Subscribes to the updates of a resource, or unsubscribes.
    pub(crate) fn subscribe(self: &Arc<Self>, uri: &str, on: bool) -> Result<()> {
        let options = self.options();
        let wait = self.attended(self.wait(&options, &CallLimits::default(), false));
        let what = if on { "subscribe" } else { "unsubscribe" };
        now(Ctx::new(self, &options, &wait).subscribe_within(uri, on))
            .map_err(|error| self.failed(error, &wait, what, &options))
    }

    /// Sets the minimum level of log messages.
    pub(crate) fn set_log_level(self: &Arc<Self>, level: &'static str) -> Result<()> {
        let options = self.options();
        let wait = self.wait(&options, &CallLimits::default(), false);
        let set = async {
            let session = Ctx::new(self, &options, &wait).connected().await?.session;
            if let Some(call) = session.dialect.set_log_level(level) {
                Ctx::new(self, &options, &wait)
                    .perform_within(&call, &CallLimits::default())
                    .await?;
            }
            *lock(&self.log_level) = Some(level);
            Ok(())
        };
        now(set).map_err(|error| self.failed(error, &wait, "set the log level", &options))
    }
}
