//! The pauses between the polls of the device authorization grant (RFC 8628,
//! 3.5).

use std::time::Duration;

/// What a pause grows by after `slow_down`.
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause that failures lead to.
const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// The pauses of one sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DevicePolling {
    interval: Duration,
    /// The failures since the last answer.
    failures: u32,
    /// What the server asked for with Retry-After.
    retry_after: Duration,
}

impl DevicePolling {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, failures: 0, retry_after: Duration::ZERO }
    }

    /// The pause before the next poll.
    pub(crate) fn pause(&self) -> Duration {
        let most = LONGEST_BACKOFF.max(self.interval);
        let doubled = self.interval.saturating_mul(1 << self.failures.min(16)).min(most);
        doubled.max(self.retry_after)
    }

    /// The person has not signed in yet.
    pub(crate) fn is_pending(&mut self) {
        *self = Self::new(self.interval);
    }

    /// The server wants longer pauses from now on.
    pub(crate) fn slow_down(&mut self) {
        *self = Self::new(self.interval.saturating_add(SLOWER));
    }

    /// The server was not reached, or cannot answer now. `retry_after`: in
    /// milliseconds.
    pub(crate) fn failed(&mut self, retry_after: Option<u32>) {
        self.failures = self.failures.saturating_add(1);
        self.retry_after = Duration::from_millis(retry_after.unwrap_or_default().into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_as_long_as_the_server_wants() {
        let seconds = Duration::from_secs;
        let mut polling = DevicePolling::new(seconds(2));
        assert_eq!(polling.pause(), seconds(2));
        polling.is_pending();
        assert_eq!(polling.pause(), seconds(2));
        polling.slow_down();
        assert_eq!(polling.pause(), seconds(7));
        polling.is_pending();
        assert_eq!(polling.pause(), seconds(7), "it lasts");
        polling.slow_down();
        assert_eq!(polling.pause(), seconds(12));
    }

    #[test]
    fn backs_off_while_the_server_is_not_reached() {
        let seconds = Duration::from_secs;
        let mut polling = DevicePolling::new(seconds(5));
        let mut pauses = Vec::new();
        for _ in 0..40 {
            polling.failed(None);
            pauses.push(polling.pause().as_secs());
        }
        assert_eq!(pauses[..5], [10, 20, 40, 60, 60]);
        assert_eq!(pauses[39], 60);
        polling.failed(Some(90_000));
        assert_eq!(polling.pause(), seconds(90));
        polling.failed(Some(1));
        assert_eq!(polling.pause(), seconds(60));
        polling.is_pending();
        assert_eq!(polling.pause(), seconds(5));
        let mut slow = DevicePolling::new(seconds(3600));
        slow.failed(None);
        assert_eq!(slow.pause(), seconds(3600));
    }
}
