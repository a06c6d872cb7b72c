//! Handles the server's notifications, on every carrier.

use std::sync::Arc;

use crate::client::core::client::Client;
use crate::client::core::event_queue::{Event, QueuedItem};
use crate::client::core::session::Session;
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::task;
use crate::transport::wait::Wait;

impl Client {
    /// Updates the state of the client for a notification, and delivers the
    /// notification to the application.
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

    /// Delivers an event that the library itself makes.
    pub(crate) fn deliver_own_event(&self, kind: NotificationKind, params: &str, wait: &Wait) {
        if self.handlers().event.is_some() {
            let event = Event { kind, method: String::new(), params: params.to_owned() };
            self.deliver(QueuedItem::Event(event), wait);
        }
    }
}
