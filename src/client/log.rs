//! The log of a client: gives the records of its trace to the application.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::base::error::Result;
use crate::client::core::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::reentrancy::{CallbackKind, InCallback};
use crate::transport::log_queue::{LogQueue, LogRecord};
use crate::transport::trace::Trace;

/// The application's function. Its first parameter is the handle of the client.
pub(crate) type ClientLogHandler = dyn Fn(*mut c_void, &LogRecord) + Send + Sync;

impl Client {
    /// Sets the log handler, for records of this level and above.
    pub(crate) fn set_log(
        self: &Arc<Self>,
        level: i32,
        handler: Option<Box<ClientLogHandler>>,
    ) -> Result<()> {
        self.check_settable_or(handler.is_none())?;
        let log = handler.map(|handler| self.log_queue(level, handler));
        let has_log = log.is_some();
        let mut old = None;
        self.change_always(|options| {
            old = options.trace.clone();
            options.trace = Trace::with_log(options.trace.as_ref(), log);
            Ok(())
        })?;
        self.has_log.store(has_log, Ordering::Release);
        if let Some(old) = old.as_ref().and_then(|trace| trace.log()) {
            old.stop();
        }
        Ok(())
    }

    fn log_queue(self: &Arc<Self>, level: i32, handler: Box<ClientLogHandler>) -> Arc<LogQueue> {
        // Strong references would keep the client alive for ever.
        let (client, events) = (Arc::downgrade(self), Arc::downgrade(&self.event_queue));
        let deliver = move |record: &LogRecord| {
            let Some(client) = client.upgrade() else { return };
            let handle = client.handle.get();
            if !handle.is_null() {
                let _in_callback = InCallback::enter(client.id(), CallbackKind::Event);
                handler(handle, record);
            }
        };
        let announce = move |log| {
            if let Some(events) = events.upgrade() {
                events.push(QueuedItem::Log(log));
            }
        };
        let client = Arc::downgrade(self);
        let runs_after_calls =
            move || client.upgrade().is_some_and(|client| !client.dispatcher.is_alone());
        LogQueue::new(level, Arc::new(deliver), Box::new(announce), Box::new(runs_after_calls))
    }
}
