//! The cookies of one client, in memory (RFC 6265, 5.3 and 5.4).
//!
//! Load balancers bind a client to one node by a cookie. A cookie goes back to
//! the origin that set it, and nowhere else: Domain never widens that.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::base::secret::Secret;
use crate::wire::set_cookie::SetCookie;
use crate::wire::url::{Origin, Scheme, Url};

/// The most cookies. The one that was sent least recently makes room.
const MOST: usize = 50;
/// The most bytes of a cookie's name and value, and of its other parts.
const LARGEST: usize = 4 * 1024;
/// The values of former cookies that are still masked: a server may quote the
/// value that it has just replaced.
const FORMER: usize = 50;

#[derive(Debug, Default)]
pub(crate) struct Cookies {
    /// Whether there was ever one. Most servers set none.
    has_any: AtomicBool,
    jar: Mutex<Jar>,
}

#[derive(Debug, Default)]
struct Jar {
    origin: Option<Origin>,
    /// In the order of their creation.
    cookies: Vec<Cookie>,
    former: VecDeque<Secret>,
    /// Counts the requests, for the age of a cookie's last use.
    uses: u64,
}

#[derive(Debug)]
struct Cookie {
    name: String,
    value: Secret,
    domain: String,
    path: String,
    is_secure: bool,
    expiry: Option<SystemTime>,
    used: u64,
}

impl Cookies {
    /// The value of the header Cookie for a request.
    pub(crate) fn header(&self, url: &Url) -> Option<Secret> {
        if !self.has_any.load(Ordering::Acquire) {
            return None;
        }
        self.jar().header(url, SystemTime::now())
    }

    /// Takes the values of Set-Cookie in a response.
    #[cold]
    pub(crate) fn take(&self, url: &Url, fields: &[Secret]) {
        self.take_at(url, fields, SystemTime::now());
    }

    fn take_at(&self, url: &Url, fields: &[Secret], now: SystemTime) {
        let mut jar = self.jar();
        if jar.origin.get_or_insert_with(|| url.origin.clone()) != &url.origin {
            return;
        }
        for field in fields {
            if let Some(cookie) = SetCookie::parse(field.expose()) {
                jar.set(url, &cookie, now);
            }
        }
        self.has_any.store(true, Ordering::Release);
    }

    /// The values, to be masked in texts.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        if !self.has_any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let jar = self.jar();
        let values = jar.cookies.iter().map(|cookie| &cookie.value).chain(&jar.former);
        // A server may quote a value without its quotation marks.
        values.flat_map(|value| [Some(value.clone()), unquoted(value)]).flatten().collect()
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unquoted(value: &Secret) -> Option<Secret> {
    let inside = value.expose().strip_prefix('"')?.strip_suffix('"')?;
    Some(Secret::from(inside))
}

impl Jar {
    fn header(&mut self, url: &Url, now: SystemTime) -> Option<Secret> {
        self.remove_expired(now);
        if self.origin.as_ref() != Some(&url.origin) {
            return None;
        }
        self.uses += 1;
        let uses = self.uses;
        let is_safe = url.origin.scheme == Scheme::Https;
        let path = url.path();
        let is_for = |cookie: &&mut Cookie| {
            (is_safe || !cookie.is_secure) && path_matches(path, &cookie.path)
        };
        // The ones with longer paths come first. A jar has few cookies.
        let mut cookies: Vec<&mut Cookie> = Vec::new();
        for cookie in self.cookies.iter_mut().filter(is_for) {
            let at = cookies.partition_point(|other| other.path.len() >= cookie.path.len());
            cookies.insert(at, cookie);
        }
        let mut out = Secret::default();
        for (at, cookie) in cookies.into_iter().enumerate() {
            cookie.used = uses;
            if at > 0 {
                out.push("; ");
            }
            out.push(&cookie.name);
            out.push("=");
            out.push(cookie.value.expose());
        }
        (!out.expose().is_empty()).then_some(out)
    }

    fn set(&mut self, url: &Url, set: &SetCookie<'_>, now: SystemTime) {
        let host = &url.origin.host;
        let domain = set.domain.map_or_else(|| host.clone(), str::to_ascii_lowercase);
        let path = set.path.unwrap_or_else(|| default_path(url.path()));
        let is_small =
            set.name.len() + set.value.len() <= LARGEST && domain.len().max(path.len()) <= LARGEST;
        if !is_small {
            return;
        }
        let value = Secret::from(set.value);
        if !covers(&domain, host) {
            self.keep_masked(value);
            return;
        }
        let expiry = set.expiry.map(|expiry| expiry.time(now));
        let is_over = expiry.flatten().is_some_and(|expiry| expiry <= now);
        let is_same = |cookie: &Cookie| {
            cookie.name == set.name && cookie.domain == domain && cookie.path == path
        };
        let place = self.cookies.iter().position(is_same);
        if is_over {
            self.keep_masked(value);
            if let Some(at) = place {
                let former = self.cookies.remove(at);
                self.keep_masked(former.value);
            }
            return;
        }
        let cookie = Cookie {
            name: set.name.to_owned(),
            value,
            path: path.to_owned(),
            domain,
            is_secure: set.is_secure,
            expiry: expiry.flatten(),
            used: self.uses,
        };
        // A cookie that is replaced keeps the place of its creation.
        if let Some(former) = place.and_then(|at| self.cookies.get_mut(at)) {
            let former = std::mem::replace(former, cookie);
            self.keep_masked(former.value);
            return;
        }
        self.remove_expired(now);
        if self.cookies.len() >= MOST {
            let oldest = self.cookies.iter().enumerate().min_by_key(|(_, cookie)| cookie.used);
            if let Some(at) = oldest.map(|(at, _)| at) {
                let former = self.cookies.remove(at);
                self.keep_masked(former.value);
            }
        }
        self.cookies.push(cookie);
    }

    fn remove_expired(&mut self, now: SystemTime) {
        let is_over = |cookie: &mut Cookie| cookie.expiry.is_some_and(|expiry| expiry <= now);
        let removed: Vec<Cookie> = self.cookies.extract_if(.., is_over).collect();
        removed.into_iter().for_each(|cookie| self.keep_masked(cookie.value));
    }

    fn keep_masked(&mut self, value: Secret) {
        if self.former.contains(&value) {
            return;
        }
        if self.former.len() >= FORMER {
            self.former.pop_front();
        }
        self.former.push_back(value);
    }
}

/// Whether a domain covers a host (RFC 6265, 5.1.3).
fn covers(domain: &str, host: &str) -> bool {
    let is_above = || {
        let label = host.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
        label.is_some() && host.parse::<IpAddr>().is_err()
    };
    host == domain || is_above()
}

/// The path of a cookie without Path (RFC 6265, 5.1.4).
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        Some(end) if end > 0 => path.get(..end).unwrap_or("/"),
        _ => "/",
    }
}

/// Whether a cookie with this path is for a request (RFC 6265, 5.1.4).
fn path_matches(path: &str, cookie: &str) -> bool {
    let Some(rest) = path.strip_prefix(cookie) else { return false };
    rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    const NOW: u64 = 1_800_000_000;

    /// The header for `to` after a response from `from` has set cookies.
    fn sent(from: &str, fields: &[&str], to: &str, now: u64) -> Option<String> {
        let cookies = Cookies::default();
        let fields: Vec<Secret> = fields.iter().map(|field| Secret::from(*field)).collect();
        cookies.take_at(&Url::parse(from).unwrap(), &fields, at(NOW));
        let header = cookies.jar().header(&Url::parse(to).unwrap(), at(now));
        header.map(|header| header.expose().to_owned())
    }

    #[test]
    fn sends_a_cookie_where_it_belongs() {
        let https = "https://mcp.example.com/a/b";
        let http = "http://127.0.0.1:8000/mcp";
        for (from, field, to, is_sent) in [
            (http, "a=b", http, true),
            (http, "a=b; Path=/", "http://127.0.0.1:8000/other/deep?q=/", true),
            // The origin: scheme, host and port.
            (http, "a=b; Path=/", "http://127.0.0.1:8001/mcp", false),
            (http, "a=b; Path=/", "https://127.0.0.1:8000/mcp", false),
            (http, "a=b; Path=/", "http://localhost:8000/mcp", false),
            (https, "a=b; Path=/; Domain=example.com", "https://www.example.com/", false),
            (https, "a=b; Path=/; Domain=example.com", "https://example.com/", false),
            // Domain covers the host, or the cookie is refused.
            (https, "a=b; Domain=mcp.example.com", https, true),
            (https, "a=b; Domain=.MCP.example.COM", https, true),
            (https, "a=b; Domain=example.com", https, true),
            (https, "a=b; Domain=com", https, true),
            (https, "a=b; Domain=", https, true),
            (https, "a=b; Domain=xmcp.example.com", https, false),
            (https, "a=b; Domain=cp.example.com", https, false),
            (https, "a=b; Domain=a.mcp.example.com", https, false),
            (https, "a=b; Domain=other.com", https, false),
            (https, "a=b; Domain=mcp.example.com.", https, false),
            (http, "a=b; Domain=127.0.0.1", http, true),
            (http, "a=b; Domain=0.0.1", http, false),
            (http, "a=b; Domain=1", http, false),
            ("http://[::1]:80/x", "a=b; Domain=::1", "http://[::1]/x", true),
            ("http://localhost/x", "a=b; Domain=localhost", "http://localhost/x", true),
            // Path, and the default: the folder of the request.
            (https, "a=b; Path=/a", "https://mcp.example.com/a", true),
            (https, "a=b; Path=/a", "https://mcp.example.com/a/c", true),
            (https, "a=b; Path=/a", "https://mcp.example.com/ab", false),
            (https, "a=b; Path=/a/", "https://mcp.example.com/a", false),
            (https, "a=b; Path=/a/", "https://mcp.example.com/a/", true),
            (https, "a=b; Path=/a?q", "https://mcp.example.com/a?q", false),
            (https, "a=b; Path=/A", https, false),
            (https, "a=b", "https://mcp.example.com/a", true),
            (https, "a=b", "https://mcp.example.com/a/c?x", true),
            (https, "a=b", "https://mcp.example.com/c", false),
            (https, "a=b; Path=x", "https://mcp.example.com/c", false),
            ("https://h.example/mcp?x=/a/b", "a=b", "https://h.example/c", true),
            // Secure is for https, on loopback too.
            (http, "a=b; Secure", http, false),
            (https, "a=b; Secure", https, true),
            (http, "a=b; HttpOnly; SameSite=Strict", http, true),
        ] {
            let found = sent(from, &[field], to, NOW);
            assert_eq!(found.as_deref(), is_sent.then_some("a=b"), "{from} {field} {to}");
        }
    }

    #[test]
    fn a_cookie_ends_at_its_time() {
        let url = "http://h/";
        let past = "Sun, 06 Nov 1994 08:49:37 GMT";
        let far = "Sun, 06 Dec 2099 00:00:00 GMT";
        for (field, now, is_sent) in [
            ("a=b; Max-Age=10", NOW + 9, true),
            ("a=b; Max-Age=10", NOW + 10, false),
            ("a=b; Max-Age=0", NOW, false),
            ("a=b; Max-Age=-1", NOW, false),
            (&format!("a=b; Max-Age=10; Expires={past}"), NOW, true),
            (&format!("a=b; Expires={far}; Max-Age=0"), NOW, false),
            (&format!("a=b; Expires={far}"), NOW, true),
            (&format!("a=b; Expires={far}"), 4_100_200_000, false),
            (&format!("a=b; Expires={past}"), NOW, false),
            ("a=b; Expires=Thu, 01-Jan-70 00:00:00 GMT", NOW, false),
            ("a=b; Expires=never", NOW + 1_000_000_000, true),
            ("a=b; Max-Age=99999999999999999999", NOW + 1_000_000_000, true),
            ("a=b", NOW + 1_000_000_000, true),
        ] {
            let found = sent(url, &[field], url, now);
            assert_eq!(found.as_deref(), is_sent.then_some("a=b"), "{field} at {now}");
        }
        // A response deletes a cookie by setting it with a time that is over.
        for gone in ["a=; Max-Age=0", "a=x; expires=Thu, 01 Jan 1970 00:00:00 GMT"] {
            assert_eq!(sent(url, &["a=b", gone, "c=d"], url, NOW).as_deref(), Some("c=d"));
        }
        assert_eq!(sent(url, &["a=b", "a=; Max-Age=0; Path=/x"], url, NOW).as_deref(), Some("a=b"));
    }

    #[test]
    fn sends_longer_paths_first_and_then_older_cookies() {
        let url = "https://h/a/b/c";
        let fields =
            ["z=1; Path=/", "y=2; Path=/a/b", "x=3; Path=/", "z=4; Path=/", "z=5; Path=/a"];
        assert_eq!(sent(url, &fields, url, NOW).as_deref(), Some("y=2; z=5; z=4; x=3"));
        let both = ["a=1", "a=2; Domain=example.com", "b=\"q; r"];
        let url = "https://mcp.example.com/";
        assert_eq!(sent(url, &both, url, NOW).as_deref(), Some("a=1; a=2; b=\"q"));
    }

    #[test]
    fn keeps_fifty_cookies_of_four_kib() {
        let url = Url::parse("http://h/").unwrap();
        let cookies = Cookies::default();
        let set = |text: String| cookies.take_at(&url, &[Secret::from(text)], at(NOW));
        let get = || cookies.jar().header(&url, at(NOW)).map(|header| header.expose().to_owned());
        set(format!("a={}", "x".repeat(LARGEST)));
        assert_eq!(get(), None);
        set(format!("a={}", "x".repeat(LARGEST - 1)));
        assert_eq!(get().unwrap().len(), LARGEST + 1);
        set("a=1; Max-Age=0".into());
        set("sticky=node1; Path=/".into());
        // Used less recently than the first one.
        set("unused=2; Path=/other".into());
        get();
        for number in 0..200 {
            set(format!("n{number}=v"));
            let header = get().unwrap();
            assert!(header.contains(&format!("n{number}=v")), "{number}");
            assert!(header.split("; ").count() <= MOST);
        }
        assert!(!cookies.jar().cookies.iter().any(|cookie| cookie.name == "unused"));
        assert_eq!(cookies.jar().cookies.len(), MOST);
        assert!(cookies.jar().former.len() <= FORMER);
    }

    #[test]
    fn values_are_secret_also_after_they_were_replaced() {
        let url = Url::parse("http://h.example/").unwrap();
        let cookies = Cookies::default();
        assert!(cookies.secrets().is_empty());
        let fields = ["a=first", "a=\"second\"", "b=third; Domain=other", "c=fourth; Max-Age=0"];
        for field in fields {
            cookies.take_at(&url, &[Secret::from(field)], at(NOW));
        }
        let shown: Vec<String> =
            cookies.secrets().iter().map(|secret| secret.expose().to_owned()).collect();
        for value in ["first", "second", "\"second\"", "third", "fourth"] {
            assert!(shown.iter().any(|secret| secret == value), "{value}: {shown:?}");
            assert!(!format!("{cookies:?}").contains(value));
        }
    }
}
