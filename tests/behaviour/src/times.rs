//! Limits of time that hold on a busy machine.

use std::time::Duration;

use crate::constants::MCP_E_TIMEOUT;
use crate::{Failure, Request};

/// How long a test waits for what must happen.
pub const SOON: Duration = Duration::from_secs(60);

/// Longer than a busy machine holds up what does not wait, and shorter than the
/// waits that a test must not run into, such as the timeout of [`crate::Client::of`].
pub const AT_ONCE: Duration = Duration::from_secs(20);

/// The deadline of a test. A wait that must not happen is longer, mostly 1000 s.
pub const TEST_LIMIT: Duration = Duration::from_secs(300);

/// Whether one of many runs takes less than a limit. A busy machine makes some
/// runs longer, and a delay of the library all of them. The error is the time of
/// the fastest run.
pub fn is_fast(limit: Duration, mut run: impl FnMut() -> Duration) -> Result<(), Duration> {
    const MOST: usize = 100;
    let mut fastest = Duration::MAX;
    for _ in 0..MOST {
        fastest = fastest.min(run());
        if fastest < limit {
            return Ok(());
        }
    }
    Err(fastest)
}

impl Request {
    /// Performs it until its timeout has ended it after it was sent. On a busy
    /// machine a short timeout may be over before.
    pub fn times_out_after_it_was_sent(&self) -> Failure {
        loop {
            let failure = self.perform().map(drop).unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
            if failure.may_have_run {
                return failure;
            }
        }
    }
}
