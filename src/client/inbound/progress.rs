//! Delivers progress notifications to the application's progress handler.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::client::core::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::progress_report::{ProgressReport, RegisteredReport};
use crate::protocol::notification::{self, ProgressParams};
use crate::transport::wait::Wait;
use crate::wire::event_stream::SseEvent;
use crate::wire::tape::Tape;

/// Reports progress of the request that this thread or task waits for. The
/// timeout of the request starts again.
pub(crate) fn report_own(
    client: &Client,
    report: &Arc<ProgressReport>,
    progress: ProgressParams<'_>,
    wait: &Wait,
) {
    wait.restart();
    if report.is_silent {
        return;
    }
    if wait.is_background() || client.has_background() || client.dispatcher.is_alone() {
        let report = Arc::downgrade(report);
        client.deliver(QueuedItem::Progress(report, progress.into_owned()), wait);
    } else {
        client.report_progress(report, &progress);
    }
}

/// Reports progress of a request that another thread or task waits for.
pub(crate) fn report_other(client: &Client, progress: ProgressParams<'_>, wait: &Wait) {
    let Some(id) = progress.id else { return };
    let Some(RegisteredReport { report, sign }) = client.progress_reports.get(id) else { return };
    sign.store(true, Ordering::Relaxed);
    if report.strong_count() > 0 {
        client.deliver(QueuedItem::Progress(report, progress.into_owned()), wait);
    }
}

/// Reads small progress notifications of this thread's request without a copy
/// of their text: a server may send a hundred thousand of them.
#[derive(Debug, Default)]
pub(crate) struct FastProgress {
    /// Reused for each notification.
    tape: Tape,
}

/// The size limit of texts that are parsed here. The router parses a text again
/// if it is not progress.
const LONGEST: usize = 1024;
/// The depth of the members of the params.
const LEVELS: usize = 2;

impl FastProgress {
    /// Reports an event if it is progress of the request `id`, and no background
    /// task takes part. Returns whether the event was reported.
    pub(crate) fn report(
        &mut self,
        client: &Client,
        (id, report): (i64, &Arc<ProgressReport>),
        event: &SseEvent,
        wait: &Wait,
    ) -> bool {
        let data = event.data();
        if data.len() > LONGEST || wait.is_background() || client.has_background() {
            return false;
        }
        let Ok(text) = std::str::from_utf8(data) else { return false };
        if self.tape.read_again(text, LEVELS).is_err() {
            return false;
        }
        let Some(params) = notification::progress(text, &self.tape) else { return false };
        match ProgressParams::read(text, &self.tape, params) {
            Some(progress) if progress.id == Some(id) => {
                report_own(client, report, progress, wait);
                true
            }
            _ => false,
        }
    }
}
