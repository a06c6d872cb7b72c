//! Counters of events that the library handled silently.

use std::sync::atomic::{AtomicI64, Ordering};

/// The counters of the public header, by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Counter {
    DroppedReplies = 1,
    DroppedEvents = 2,
    CacheHits = 3,
    Reconnections = 4,
    Repetitions = 5,
    Resumptions = 6,
    /// Starts of the server's process.
    Starts = 7,
    Malformed = 8,
    /// Failures of a token store that failed no call.
    StoreFailures = 9,
    /// Results of tools whose output schema could not be used.
    UncheckedResults = 10,
}

impl Counter {
    pub(crate) const ALL: [Self; 10] = [
        Self::DroppedReplies,
        Self::DroppedEvents,
        Self::CacheHits,
        Self::Reconnections,
        Self::Repetitions,
        Self::Resumptions,
        Self::Starts,
        Self::Malformed,
        Self::StoreFailures,
        Self::UncheckedResults,
    ];
}

/// The values of each [`Counter`].
#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicI64; 11]);

impl Counters {
    pub(crate) fn get(&self, counter: Counter) -> i64 {
        let counter = self.0.get(counter as usize);
        counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, counter: Counter, more: usize) {
        if let Some(counter) = self.0.get(counter as usize) {
            counter.fetch_add(i64::try_from(more).unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }
}
