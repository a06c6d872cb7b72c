//! Set-Cookie, its dates, and the cookies of a client: one field a line.

use std::time::UNIX_EPOCH;

use crate::base::secret::Secret;
use crate::cost::bounded;
use crate::transport::cookies::Cookies;
use crate::wire::set_cookie::{SetCookie, date};
use crate::wire::url::Url;

pub(super) const WORDS: &[&str] = &[
    "a=b",
    "a=",
    "=",
    "; ",
    "; Path=/",
    "; Path=/a/b",
    "; Domain=h.example",
    "; Domain=.example",
    "; Secure",
    "; HttpOnly; SameSite=None",
    "; Max-Age=10",
    "; Max-Age=-1",
    "; Max-Age=99999999999999999999",
    "; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
    "; Expires=Sunday, 06-Nov-94 08:49:37 GMT",
    "; Expires=Sun Nov  6 08:49:37 2094",
    "29 Feb 2024 1:2:3",
    "31 Dec 9999 23:59:59",
    "01 Jan 1601 00:00:00",
    "\n",
];

pub(super) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    bounded(text.len(), || {
        for line in text.lines() {
            dates(line);
            if let Some(cookie) = SetCookie::parse(line) {
                assert!(!cookie.name.is_empty() && !cookie.name.contains([';', '=']));
                assert!(!cookie.value.contains(';'));
                assert!(cookie.path.is_none_or(|path| path.starts_with('/')));
                assert!(cookie.domain.is_none_or(|domain| !domain.is_empty()));
            }
        }
    });
    kept(text);
}

/// A date that HTTP allows is the same one for httpdate.
fn dates(text: &str) {
    let Some(seconds) = date(text) else { return };
    assert!((-11_644_473_600..253_402_300_800).contains(&seconds), "{seconds}");
    if let Ok(time) = httpdate::parse_http_date(text)
        && let Ok(since) = time.duration_since(UNIX_EPOCH)
        // httpdate reads years of two digits and seconds of 60 in another way.
        && text.contains(" GMT")
        && !text.contains('-')
    {
        assert_eq!(i64::try_from(since.as_secs()), Ok(seconds), "{text}");
    }
}

fn kept(text: &str) {
    let cookies = Cookies::default();
    let fields: Vec<Secret> = text.lines().map(Secret::from).collect();
    let url = |text: &str| Url::parse(text).unwrap();
    cookies.take(&url("https://mcp.h.example/a/b"), &fields);
    for other in ["http://mcp.h.example/a/b", "https://h.example/a/b", "https://mcp.h.example:1/"] {
        assert!(cookies.header(&url(other)).is_none(), "{other}");
    }
    for path in ["/", "/a", "/a/b", "/a/b/c?d"] {
        let to = format!("https://mcp.h.example{path}");
        let header = cookies.header(&url(&to));
        let Some(header) = header else { continue };
        let header = header.expose();
        assert!(!header.contains('\n') && header.len() <= 50 * (4096 + 3));
        // A value may not hold "; ", so this counts the cookies.
        assert!(header.split("; ").count() <= 50);
        assert!(header.split("; ").all(|pair| pair.contains('=')));
        let values: Vec<Secret> = cookies.secrets();
        for pair in header.split("; ") {
            let (_, value) = pair.split_once('=').unwrap();
            assert!(values.iter().any(|secret| secret.expose() == value));
        }
    }
}
