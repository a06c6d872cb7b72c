//! Retry-After: when the client may retry (RFC 9110, 10.2.3).

use std::time::SystemTime;

/// The largest value of the C type.
const MOST: u32 = i32::MAX as u32;

/// The value of the header, seconds or a date, in milliseconds from now.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<u32> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(u32::try_from(seconds.saturating_mul(1000)).unwrap_or(MOST).min(MOST));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let left = date.duration_since(now).unwrap_or_default();
    Some(u32::try_from(left.as_millis()).unwrap_or(MOST).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn reads_seconds_and_dates() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after("7", now), Some(7000));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(10_000));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(0));
        assert_eq!(retry_after("99999999999", now), Some(MOST));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
    }
}
