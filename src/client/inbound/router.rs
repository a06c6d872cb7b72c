//! Where a notification goes, on whichever stream it came.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::client::core::client::Client;
use crate::client::core::counters::Counter;
use crate::client::core::event_queue::Event;
use crate::client::core::event_queue::Progress;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::progress_report::KnownReport;
use crate::client::core::session::Session;
use crate::protocol::notification::{self, Kind};
use crate::protocol::task;
use crate::transport::wait::Wait;

impl Client {
    /// Takes a notification, on whichever stream it came.
    pub(crate) fn notice(
        &self,
        session: Option<&Arc<Session>>,
        method: &str,
        params: Option<&str>,
        wait: &Wait,
    ) {
        if method == notification::PROGRESS {
            if let Some(told) = notification::Progress::parse(params)
                && let Some(KnownReport { report, sign }) =
                    told.id().and_then(|id| self.progress_reports.get(id))
            {
                sign.store(true, Ordering::Relaxed);
                if report.strong_count() == 0 {
                    return;
                }
                let (progress, total) = (told.progress, told.total);
                let message = told.message.map(std::borrow::Cow::into_owned);
                let told = Progress { progress, total, message };
                self.deliver(QueuedItem::Progress(report, told), wait);
            }
            return;
        }
        let kind = Kind::of(method);
        let params = params.unwrap_or("{}");
        self.cache.invalidate(kind, params);
        if kind == Kind::ToolsChanged {
            self.tool_catalog.clear();
        }
        if kind == Kind::TaskStatus
            && let Some(id) = task::id(params)
        {
            self.task_watches.wake(&id);
        }
        if kind == Kind::ElicitationComplete
            && let Some(id) = notification::elicitation(params)
        {
            self.questions.complete(id);
        }
        if kind == Kind::Cancelled {
            match notification::cancelled(params) {
                Some(request) if session.is_some() => self.questions.withdraw(request),
                _ => {}
            }
        }
        if self.handlers().event.is_some() {
            let (method, params) = (method.to_owned(), params.to_owned());
            self.deliver(QueuedItem::Event(Event { kind, method, params }), wait);
        }
    }

    /// Tells of something that the library has done.
    pub(crate) fn announce(&self, kind: Kind, params: &str, wait: &Wait) {
        if self.handlers().event.is_some() {
            let event = Event { kind, method: String::new(), params: params.to_owned() };
            self.deliver(QueuedItem::Event(event), wait);
        }
    }

    /// Tells a program's thread how far its call is, or has it told.
    pub(crate) fn tell_progress(
        self: &Arc<Self>,
        post: OutboundMessage<'_>,
        params: &str,
        wait: &Wait,
    ) {
        let told = notification::Progress::parse(Some(params));
        let (Some(told), Some(report)) = (told, post.report) else { return };
        wait.restart();
        if report.is_silent {
            return;
        }
        let message = told.message.map(std::borrow::Cow::into_owned);
        let told = Progress { progress: told.progress, total: told.total, message };
        self.deliver(QueuedItem::Progress(Arc::downgrade(report), told), wait);
    }

    /// Passes over a reply that nobody waits for.
    pub(crate) fn drop_reply(&self) {
        self.count_one(Counter::DroppedReplies);
    }

    /// Passes over a line or an event that is no message.
    pub(crate) fn pass_over(&self) {
        self.count_one(Counter::Junk);
    }
}
