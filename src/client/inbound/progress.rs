//! Delivers progress notifications to the application's progress handler.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::client::core::client::Client;
use crate::client::core::event_queue::QueuedItem;
use crate::client::core::progress_report::{
    ProgressReport, ProgressUse, RegisteredReport, ReportRun,
};
use crate::protocol::notification::ProgressParams;
use crate::protocol::progress_reader::ProgressReader;
use crate::transport::wait::Wait;

/// Reports progress of the request that this thread or task waits for. The
/// timeout of the request starts again.
pub(crate) fn report_own(
    client: &Client,
    own: &ProgressUse,
    progress: ProgressParams<'_>,
    wait: &Wait,
) {
    wait.restart();
    if let Some(report) = &own.report {
        report_to(client, report, progress, wait);
    }
}

fn report_to(
    client: &Client,
    report: &Arc<ProgressReport>,
    progress: ProgressParams<'_>,
    wait: &Wait,
) {
    if is_delivered(client, wait) {
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

/// Reports the progress of one request from the events that this thread reads,
/// without a copy of their text: a server may send a hundred thousand of them.
pub(crate) struct OwnProgress<'a> {
    client: &'a Client,
    id: i64,
    report: Option<&'a Arc<ProgressReport>>,
    wait: &'a Wait,
    reader: ProgressReader,
    /// Kept for all progress that arrives together.
    run: Option<ReportRun<'a>>,
}

impl<'a> OwnProgress<'a> {
    /// Progress of the request `id`.
    pub(crate) fn new(client: &'a Client, id: i64, own: &'a ProgressUse, wait: &'a Wait) -> Self {
        let report = own.report.as_ref();
        Self { client, id, report, wait, reader: ProgressReader::default(), run: None }
    }

    /// Reports the data of an event if it is progress of the request. Returns
    /// whether it is.
    pub(crate) fn take(&mut self, data: &[u8]) -> bool {
        match self.reader.read(data) {
            Some(progress) if progress.id == Some(self.id) => {
                self.report(progress);
                true
            }
            _ => false,
        }
    }

    /// Ends the run of the handler that is kept between two events. The caller
    /// does this before it waits.
    pub(crate) fn pause(&mut self) {
        let has_run = self.run.take().is_some();
        if has_run && self.client.has_background() {
            // Items that arrived while the handler ran.
            self.client.attend_if_any();
        }
    }

    fn report(&mut self, progress: ProgressParams<'_>) {
        let (client, wait) = (self.client, self.wait);
        wait.restart();
        let Some(report) = self.report else { return };
        if !is_next(client, wait) {
            self.run = None;
            return report_to(client, report, progress, wait);
        }
        if self.run.is_none() {
            self.run = client.begin_progress(report);
        }
        if let Some(run) = &self.run {
            run.report(&progress);
        }
    }
}

/// Whether [`Client::deliver`] hands the progress to the application, so that it
/// stays behind the items that are queued.
fn is_delivered(client: &Client, wait: &Wait) -> bool {
    wait.is_background() || client.has_background() || client.dispatcher.is_alone()
}

/// Whether progress may be reported at once, because no item comes before it.
fn is_next(client: &Client, wait: &Wait) -> bool {
    let has_items = client.has_background() && client.event_queue.arrivals(true).is_raised();
    !has_items && !wait.is_background() && !client.dispatcher.is_alone()
}
