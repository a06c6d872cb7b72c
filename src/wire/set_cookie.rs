//! The value of Set-Cookie, and dates in it (RFC 6265, 5.1.1 and 5.2).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A cookie as a server sets it. The attributes have the values that count; an
/// attribute that has no effect here is left out.
#[derive(PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct SetCookie<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    /// Begins with "/"; `None` for the default.
    pub(crate) path: Option<&'a str>,
    /// Without the dot at its start; `None` for the host itself.
    pub(crate) domain: Option<&'a str>,
    pub(crate) is_secure: bool,
    /// `None` for as long as the client lives.
    pub(crate) expiry: Option<Expiry>,
}

/// When a cookie ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// So many seconds from now. Zero or less means at once.
    After(i64),
    /// At a time, in seconds since 1970.
    At(i64),
}

impl Expiry {
    /// The time when the cookie ends; `None` if that is too far to say.
    pub(crate) fn time(self, now: SystemTime) -> Option<SystemTime> {
        let (base, seconds) = match self {
            Self::After(seconds) => (now, seconds.max(0)),
            Self::At(seconds) => (UNIX_EPOCH, seconds.max(0)),
        };
        base.checked_add(Duration::from_secs(seconds.unsigned_abs()))
    }
}

impl<'a> SetCookie<'a> {
    /// Parses the value of the field. `None` if it sets no cookie.
    pub(crate) fn parse(field: &'a str) -> Option<Self> {
        let mut parts = field.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: trim(name),
            value: trim(value),
            path: None,
            domain: None,
            is_secure: false,
            expiry: None,
        };
        if cookie.name.is_empty() {
            return None;
        }
        let (mut max_age, mut expires) = (None, None);
        // The last attribute of a name counts.
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (trim(name), trim(value));
            if name.eq_ignore_ascii_case("path") {
                cookie.path = Some(value).filter(|path| path.starts_with('/'));
            } else if name.eq_ignore_ascii_case("domain") {
                let value = value.strip_prefix('.').unwrap_or(value);
                if !value.is_empty() {
                    cookie.domain = Some(value);
                }
            } else if name.eq_ignore_ascii_case("secure") {
                cookie.is_secure = true;
            } else if name.eq_ignore_ascii_case("max-age") {
                max_age = seconds(value).or(max_age);
            } else if name.eq_ignore_ascii_case("expires") {
                expires = date(value).or(expires);
            }
        }
        cookie.expiry = max_age.map(Expiry::After).or(expires.map(Expiry::At));
        Some(cookie)
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The value of Max-Age. One that is too large for a number is the largest.
fn seconds(text: &str) -> Option<i64> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = digits.parse().unwrap_or(i64::MAX);
    Some(if is_negative { -seconds } else { seconds })
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date as RFC 6265, 5.1.1 reads it, in seconds since 1970: the time, the
/// day, the month and the year, in any order and with any text between them.
pub(crate) fn date(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        let token = token.as_bytes();
        if time.is_none()
            && let Some(found) = clock(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let ((hour, minute, second), day, month) = (time?, day?, month?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if year < 1601 || !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

fn is_delimiter(letter: char) -> bool {
    matches!(letter, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~')
}

/// A number of `least` to `most` digits, which anything but a digit may follow.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(least..=most).contains(&count) {
        return None;
    }
    std::str::from_utf8(token.get(..count)?).ok()?.parse().ok()
}

/// Hours, minutes and seconds.
fn clock(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut whole = || parts.next().filter(|part| part.iter().all(u8::is_ascii_digit));
    let (hour, minute) = (number(whole()?, 1, 2)?, number(whole()?, 1, 2)?);
    Some((hour, minute, number(parts.next()?, 1, 2)?))
}

fn month_of(token: &[u8]) -> Option<i64> {
    let name = token.get(..3)?;
    (1..)
        .zip(MONTHS)
        .find_map(|(at, month)| name.eq_ignore_ascii_case(month.as_bytes()).then_some(at))
}

/// The days from 1970 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March: the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_in_every_usual_form() {
        const DAY: i64 = 784_111_777;
        for (text, seconds) in [
            // The three forms of HTTP.
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(DAY)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(DAY)),
            ("Sun Nov  6 08:49:37 1994", Some(DAY)),
            // Those of old servers and frameworks.
            ("Sun, 06-Nov-1994 08:49:37 GMT", Some(DAY)),
            ("06 nov 1994 8:49:37", Some(DAY)),
            ("1994 NOVEMBER 6th 08:49:37 UTC", Some(DAY)),
            ("08:49:37 06.Nov.94", Some(DAY)),
            ("sun; 6/nov/1994 @08:49:37.5", Some(DAY)),
            ("Sun, 06 Nov 1994 08:49:37 +0100", Some(DAY)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
            ("Wed, 31 Dec 69 23:59:59 GMT", Some(3_155_759_999)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
            ("Mon, 01 Jan 1601 00:00:00 GMT", Some(-11_644_473_600)),
            ("Thu, 29 Feb 2024 12:00:00 GMT", Some(1_709_208_000)),
            ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
            ("Thu, 29 Feb 2100 00:00:00 GMT", None),
            ("Wed, 30 Feb 2024 12:00:00 GMT", None),
            ("Sun, 31 Nov 1994 08:49:37 GMT", None),
            ("Sun, 00 Nov 1994 08:49:37 GMT", None),
            ("Sun, 32 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1600 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("Sun, 06 Nov 1994 08:60:00 GMT", None),
            ("Sun, 06 Nov 1994 08:49:60 GMT", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 06 Nov 1994", None),
            ("Nov 1994 08:49:37", None),
            ("06 1994 08:49:37", None),
            ("06 Nov 08:49:37", None),
            ("Sun, 06 Nov 19945 08:49:37 GMT", None),
            ("0", None),
            ("-1", None),
            ("", None),
            ("never", None),
            ("\u{e9}\u{e9}\u{e9}, 06 Nov 1994 08:49:37", Some(DAY)),
        ] {
            assert_eq!(date(text), seconds, "{text}");
        }
    }

    #[test]
    fn agrees_with_httpdate() {
        for second in (0..253_402_300_800u64).step_by(12_345_678_901 / 7) {
            let time = UNIX_EPOCH + Duration::from_secs(second);
            let text = httpdate::fmt_http_date(time);
            assert_eq!(date(&text), Some(second as i64), "{text}");
        }
    }

    fn cookie<'a>(name: &'a str, value: &'a str) -> SetCookie<'a> {
        SetCookie { name, value, path: None, domain: None, is_secure: false, expiry: None }
    }

    #[test]
    fn reads_names_values_and_attributes() {
        let at = Some(Expiry::At(784_111_777));
        for (field, expected) in [
            ("a=b", Some(cookie("a", "b"))),
            (" a = b ; ", Some(cookie("a", "b"))),
            ("a=", Some(cookie("a", ""))),
            ("a=\"b c\"", Some(cookie("a", "\"b c\""))),
            ("a=b=c==", Some(cookie("a", "b=c=="))),
            ("a=b; HttpOnly; SameSite=None; Partitioned; Priority=High", Some(cookie("a", "b"))),
            ("", None),
            ("a", None),
            ("a; Path=/", None),
            ("=b", None),
            (" =b", None),
            (";a=b", None),
            ("a=b; Path=/x", Some(SetCookie { path: Some("/x"), ..cookie("a", "b") })),
            ("a=b;path=/x;PATH=/y", Some(SetCookie { path: Some("/y"), ..cookie("a", "b") })),
            ("a=b; path=/x; path", Some(cookie("a", "b"))),
            ("a=b; path=x", Some(cookie("a", "b"))),
            (
                "a=b; Domain=.h.example",
                Some(SetCookie { domain: Some("h.example"), ..cookie("a", "b") }),
            ),
            ("a=b; domain=h; domain=", Some(SetCookie { domain: Some("h"), ..cookie("a", "b") })),
            ("a=b; domain", Some(cookie("a", "b"))),
            ("a=b; SECURE=no", Some(SetCookie { is_secure: true, ..cookie("a", "b") })),
            (
                "a=b; Max-Age=10; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
                Some(SetCookie { expiry: Some(Expiry::After(10)), ..cookie("a", "b") }),
            ),
            (
                "a=b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=10s",
                Some(SetCookie { expiry: at, ..cookie("a", "b") }),
            ),
            ("a=b; Expires=soon", Some(cookie("a", "b"))),
            ("a=b; Max-Age=", Some(cookie("a", "b"))),
            ("a=b; Max-Age=+5", Some(cookie("a", "b"))),
            ("a=b; Max-Age=-", Some(cookie("a", "b"))),
            (
                "a=b; max-age=-7",
                Some(SetCookie { expiry: Some(Expiry::After(-7)), ..cookie("a", "b") }),
            ),
            (
                "a=b; max-age=99999999999999999999",
                Some(SetCookie { expiry: Some(Expiry::After(i64::MAX)), ..cookie("a", "b") }),
            ),
        ] {
            assert_eq!(SetCookie::parse(field), expected, "{field}");
        }
    }

    #[test]
    fn an_expiry_beyond_the_clock_never_comes() {
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(Expiry::After(i64::MAX).time(now), None);
        assert_eq!(Expiry::After(-5).time(now), Some(now));
        assert_eq!(Expiry::At(-5).time(now), Some(UNIX_EPOCH));
    }
}
