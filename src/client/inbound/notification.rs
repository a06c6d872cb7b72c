//! Taking a notification of the server, on whichever carrier it came.

use std::sync::Arc;

use crate::client::core::client::Client;
use crate::client::core::event_queue::{Event, QueuedItem};
use crate::client::core::session::Session;
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::task;
use crate::transport::wait::Wait;

impl Client {
    /// Acts on a notification, and delivers it to the application.
    pub(crate) fn take_notification(
        &self,
        session: Option<&Arc<Session>>,
        method: &str,
        params: Option<&str>,
        wait: &Wait,
    ) {
        let kind = NotificationKind::of(method);
        let params = params.unwrap_or("{}");
        self.cache.invalidate(kind, params);
        if kind == NotificationKind::ToolsChanged {
            self.tool_catalog.clear();
        }
        if kind == NotificationKind::TaskStatus
            && let Some(id) = task::id(params)
        {
            self.task_watches.wake(&id);
        }
        if kind == NotificationKind::ElicitationComplete
            && let Some(id) = notification::elicitation(params)
        {
            self.input_requests.complete(id);
        }
        if kind == NotificationKind::Cancelled {
            match notification::cancelled(params) {
                Some(request) if session.is_some() => self.input_requests.withdraw(request),
                _ => {}
            }
        }
        if self.handlers().event.is_some() {
            let (method, params) = (method.to_owned(), params.to_owned());
            self.deliver(QueuedItem::Event(Event { kind, method, params }), wait);
        }
    }

    /// Tells of something that the library has done.
    pub(crate) fn announce(&self, kind: NotificationKind, params: &str, wait: &Wait) {
        if self.handlers().event.is_some() {
            let event = Event { kind, method: String::new(), params: params.to_owned() };
            self.deliver(QueuedItem::Event(event), wait);
        }
    }
}
