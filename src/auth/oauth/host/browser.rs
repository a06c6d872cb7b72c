//! Opens the person's browser.
//!
//! The URL comes from a server, and the program that opens it may be a shell
//! script. All characters that a shell or PowerShell (under WSL) interprets inside
//! quotes are percent-encoded.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::Builder;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::base::thread;
use crate::platform::{BROWSER_OPENERS, PerProcess, isolate, without_signals};
use crate::transport::address_policy::is_private_host;
use crate::wire::url::{Scheme, Url, UrlParts};

/// Starts the system's opener with the URL as its only argument. `is_private_fine`:
/// plain http may lead to a private network.
pub(crate) fn open_browser(
    url: &str,
    environment: &Environment,
    is_private_fine: bool,
) -> Result<()> {
    let url = harmless(url, is_private_fine)?;
    for argv in openers(environment, &url) {
        let Some((program, arguments)) = argv.split_first() else { continue };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().envs(environment.all());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        isolate(&mut command);
        if let Ok(child) = command.spawn() {
            attend(child, thread::builder("mcp-browser"));
            return Ok(());
        }
    }
    Err(Error::new(
        Status::NotFound,
        "no program opens a browser here: set BROWSER to one, or show the URL to the person \
         with a callback; see mcp_auth_set_browser()",
    ))
}

/// The programs to try, in order, with their arguments.
fn openers(environment: &Environment, url: &str) -> Vec<Vec<OsString>> {
    if let Some(browser) = environment.set("BROWSER") {
        return match browser.to_str() {
            // The path of a program may have blanks and colons.
            Some(text) if !Path::new(browser).is_file() => {
                text.split(':').filter_map(|entry| command(entry, url)).collect()
            }
            _ => vec![vec![browser.to_owned(), url.into()]],
        };
    }
    BROWSER_OPENERS.iter().map(|name| vec![name.into(), url.into()]).collect()
}

/// One entry of BROWSER, as xdg-open reads it: words separated by blanks. "%s"
/// stands for the URL; without it the URL is the last argument.
fn command(entry: &str, url: &str) -> Option<Vec<OsString>> {
    if Path::new(entry).is_file() {
        return Some(vec![entry.into(), url.into()]);
    }
    let words: Vec<&str> = entry.split_ascii_whitespace().collect();
    // The URL must not be the program.
    if words.first().is_none_or(|program| program.contains("%s")) {
        return None;
    }
    let mut argv: Vec<OsString> = words.iter().map(|word| word.replace("%s", url).into()).collect();
    if !words.iter().any(|word| word.contains("%s")) {
        argv.push(url.into());
    }
    Some(argv)
}

/// The most bytes of a URL for a program.
const LONGEST: usize = 64 * 1024;

/// Checks a URL for the browser, and percent-encodes all unusual characters. A
/// scheme other than http and https could run code.
fn harmless(url: &str, is_private_fine: bool) -> Result<String> {
    let wrong = |what: &str| Err(Error::argument(format!("url {what}")));
    if url.len() > LONGEST {
        return wrong(&format!("is longer than {LONGEST} bytes"));
    }
    if url.chars().any(char::is_control) {
        return wrong("has a control character or a line break");
    }
    // Browsers read a backslash as a slash; other programs do not.
    let front = UrlParts::of(url).front;
    let rest = url.strip_prefix(front).unwrap_or_default();
    if front.contains('\\') {
        return wrong("has a backslash behind its host");
    }
    // Url::parse refuses a user name and an invalid port.
    let origin = Url::parse(front)?.origin;
    if !is_plain_host(&origin.host) {
        return wrong("has a host that is neither a name nor an address");
    }
    let is_private = || is_private_fine && is_private_host(&origin.host);
    if origin.scheme == Scheme::Http && !origin.is_loopback() && !is_private() {
        return wrong("is http:// and not on this machine");
    }
    let mut out = origin.to_string();
    if !rest.starts_with('/') {
        out.push('/');
    }
    for byte in rest.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/?#@=&%+,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Ok(out)
}

/// A DNS name or an address. It does not begin like an option.
fn is_plain_host(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    host.parse::<std::net::Ipv6Addr>().is_ok()
        || host.bytes().all(is_plain)
            && host.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Openers that no thread waits for, as none could be started.
static UNATTENDED: PerProcess<Mutex<Vec<Arc<Mutex<Child>>>>> = PerProcess::new();

/// Waits for the end of an opener in a thread, so that no zombie process stays. A
/// browser may run for days. If no thread can be started, the next call collects
/// the opener.
fn attend(child: Child, thread: Builder) {
    let child = Arc::new(Mutex::new(child));
    let waited = child.clone();
    let wait = move || without_signals(|| drop(lock(&waited).wait()));
    let is_waited = thread.spawn(wait).is_ok();
    let mut unattended = lock(UNATTENDED.get());
    unattended.retain(|child| matches!(lock(child).try_wait(), Ok(None)));
    if !is_waited {
        unattended.push(child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collects_an_opener_that_no_thread_waits_for() {
        let start = || Command::new("true").spawn().unwrap();
        // No machine has so much memory.
        attend(start(), Builder::new().stack_size(1 << 60));
        let child = lock(UNATTENDED.get()).first().cloned().unwrap();
        for _ in 0..3000 {
            attend(start(), Builder::new());
            if lock(UNATTENDED.get()).is_empty() {
                assert!(lock(&child).try_wait().unwrap().is_some());
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it is never waited for");
    }

    #[test]
    fn percent_encodes_unusual_characters_for_the_opener() {
        for (url, given) in [
            ("https://a.example", "https://a.example/"),
            ("HTTPS://A.example:443/p?q=1&r=%41+2,3#f", "https://a.example/p?q=1&r=%41+2,3#f"),
            ("https://a.example:8443?q", "https://a.example:8443/?q"),
            ("https://[::1]/@~._-:", "https://[::1]/@~._-:"),
            ("http://127.0.0.1:9/authorize?x=1", "http://127.0.0.1:9/authorize?x=1"),
            ("https://a/$(id)`id`;id|id", "https://a/%24%28id%29%60id%60%3Bid%7Cid"),
            (
                "https://a/?'\"\\!*[]{}<>^ é",
                "https://a/?%27%22%5C%21%2A%5B%5D%7B%7D%3C%3E%5E%20%C3%A9",
            ),
            ("https://a/%s%PATH%", "https://a/%s%PATH%"),
            ("https://a#;f", "https://a/#%3Bf"),
        ] {
            assert_eq!(harmless(url, false).unwrap(), given, "{url}");
        }
        let every: String = (' '..='~').chain('\u{a0}'..='\u{17f}').collect();
        let given = harmless(&format!("https://a/{every}"), false).unwrap();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@=&%+,".contains(&byte);
        assert!(given.bytes().all(is_plain), "{given}");
    }

    #[test]
    fn opens_http_and_https_only() {
        let long = format!("https://a/{}", "x".repeat(LONGEST));
        for url in [
            "javascript:alert(1)",
            "javascript://a/%0aalert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "ms-settings://a",
            "https:",
            "https://",
            "https:///a",
            "",
            "a",
            "//a/b",
            "-https://a",
            "--help",
            " https://a",
            "https ://a",
            "https://-a/",
            "https://--help",
            "https://.a/",
            "https://$(id)/",
            "https://a;id/",
            "https://a b/",
            "https://é/",
            "https://%61/",
            "https://user@a/",
            "https://a@b/",
            "https://a:b@c/",
            "https://a\\@b/",
            "https://a\\b",
            "https://a:0/",
            "https://a:x/",
            "https://a:/",
            "https://[a]/",
            "https://[::1",
            "https://[::1]x/",
            "https://a/\nb",
            "https://a/\tb",
            "https://a/\rb",
            "https://a/\u{7f}",
            "https://a/\u{85}",
            "https://a/\u{1b}[0m",
            "https://a\n.b/",
            "http://example.com/",
            "http://127.0.0.1.a/",
            long.as_str(),
        ] {
            let refused =
                open_browser(url, &Environment::of(&[("BROWSER", "/nonexistent")]), false);
            assert_eq!(refused.unwrap_err().status(), Status::InvalidArgument, "{url:?}");
        }
    }

    #[test]
    fn reads_the_variable_browser_like_xdg_open() {
        let read = |browser: &str| -> Vec<String> {
            let all = openers(&Environment::of(&[("BROWSER", browser)]), "https://a/?%s");
            let join = |argv: &Vec<OsString>| {
                argv.iter().map(|word| format!("<{}>", word.to_str().unwrap())).collect()
            };
            all.iter().map(join).collect()
        };
        assert_eq!(read("a"), ["<a><https://a/?%s>"]);
        assert_eq!(read("a -x:b"), ["<a><-x><https://a/?%s>", "<b><https://a/?%s>"]);
        assert_eq!(read("a --to=%s -y"), ["<a><--to=https://a/?%s><-y>"]);
        assert_eq!(read(":a::%s: "), ["<a><https://a/?%s>"]);
        let folder = std::env::temp_dir().join(format!("mcp a:b {}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("c d").display().to_string();
        std::fs::write(&file, "").unwrap();
        assert_eq!(read(&file), [format!("<{file}><https://a/?%s>")]);
        std::fs::remove_dir_all(folder).unwrap();
        assert!(!openers(&Environment::of(&[]), "x").is_empty());
    }

    /// The opener gets the URL as one argument, without a shell, and only the given
    /// environment.
    #[test]
    fn starts_the_opener_with_the_url_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("mcp-opener-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (program, log) = (folder.join("xdg-open"), folder.join("log"));
        let script = "#!/bin/sh\nprintf '%s\\n' $# \"$@\" \"${HOME-none} $A\" >\"$LOG.new\"\n\
                      mv \"$LOG.new\" \"$LOG\"\n";
        // Copied by another process: a fork of this one, for another test, could have
        // the file open for writing still, and it could not be run.
        let text = folder.join("script");
        std::fs::write(&text, script).unwrap();
        std::fs::set_permissions(&text, PermissionsExt::from_mode(0o700)).unwrap();
        let copied = Command::new("cp").arg(&text).arg(&program).status().unwrap();
        assert!(copied.success());
        let path = format!("{}:/usr/bin:/bin", folder.display());
        let log_name = log.display().to_string();
        let environment = Environment::of(&[("PATH", &path), ("LOG", &log_name), ("A", "b c")]);
        if cfg!(target_os = "linux") {
            open_browser("https://a/;$(touch x) \"", &environment, false).unwrap();
            let text = (0..3000).find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                std::fs::read_to_string(&log).ok()
            });
            assert_eq!(text.unwrap(), "1\nhttps://a/%3B%24%28touch%20x%29%20%22\nnone b c\n");
        }
        let nowhere = Environment::of(&[("PATH", "/nonexistent")]);
        assert_eq!(
            open_browser("https://a/", &nowhere, false).unwrap_err().status(),
            Status::NotFound
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}
