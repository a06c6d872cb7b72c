//! Clock skew between this machine and a server, from the Date header of a
//! response (RFC 9110, 6.6.1).

use std::time::SystemTime;

/// A skew of at most so many seconds is ignored.
const IGNORED: u64 = 60;

/// The skew for an error message, if it is large enough to matter. `now` is the
/// time of this machine, `date` that of the server.
pub(crate) fn clock_skew(date: Option<&str>, now: SystemTime) -> Option<String> {
    let theirs = httpdate::parse_http_date(date?).ok()?;
    let (seconds, direction) = match now.duration_since(theirs) {
        Ok(ahead) => (ahead.as_secs(), "ahead of"),
        Err(behind) => (behind.duration().as_secs(), "behind"),
    };
    (seconds > IGNORED)
        .then(|| format!("the clock of this machine is {seconds} s {direction} the server's"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn reports_a_large_skew() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (date, words) in [
            (Some("Sun, 06 Nov 1994 08:49:37 GMT"), None),
            (Some("Sun, 06 Nov 1994 08:48:37 GMT"), None),
            (Some("Sun, 06 Nov 1994 08:47:37 GMT"), Some("120 s ahead of")),
            (Some("Sun, 06 Nov 1994 08:51:37 GMT"), Some("120 s behind")),
            (Some("now"), None),
            (None, None),
        ] {
            let said = clock_skew(date, now);
            assert_eq!(said.is_some(), words.is_some(), "{date:?}");
            assert!(said.unwrap_or_default().contains(words.unwrap_or_default()), "{date:?}");
        }
    }
}
