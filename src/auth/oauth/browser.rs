//! Opening the person's browser.

use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::Builder;

use crate::base::error::{Error, Result, Status};
use crate::base::sync::lock;
use crate::base::sys;
use crate::wire::url::{Scheme, Url};

/// Starts the system's opener with an address as its one argument.
pub(crate) fn open_browser(url: &str) -> Result<()> {
    check(url)?;
    let openers: Vec<OsString> = match std::env::var_os("BROWSER").filter(|name| !name.is_empty()) {
        Some(browser) => vec![browser],
        None if cfg!(target_os = "macos") => vec!["open".into()],
        None => ["xdg-open", "wslview", "x-www-browser"].map(Into::into).to_vec(),
    };
    for opener in &openers {
        let mut command = Command::new(opener);
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        sys::isolate(&mut command);
        if let Ok(child) = command.spawn() {
            attend(child, Builder::new().name("mcp-browser".into()));
            return Ok(());
        }
    }
    Err(Error::new(
        Status::NotFound,
        "no program opens a browser here: set BROWSER to one, or show the address to the person \
         yourself; see mcp_auth_set_browser()",
    ))
}

/// Openers for which there was no thread to wait.
static UNATTENDED: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Takes note of an opener's end, as nobody else would; it hands the address on
/// and ends, a browser may go on for days. Where a thread cannot be had, the
/// page is shown all the same, and the next one to be opened takes note.
fn attend(child: Child, thread: Builder) {
    let child = Arc::new(Mutex::new(child));
    let waited = child.clone();
    let wait = move || sys::without_signals(|| drop(lock(&waited).wait()));
    let is_waited = thread.spawn(wait).is_ok();
    let mut unattended = lock(&UNATTENDED);
    unattended.retain(|child| matches!(lock(child).try_wait(), Ok(None)));
    if !is_waited {
        unattended.push(child);
    }
}

/// What may be shown to a person: any other scheme could run code.
pub(crate) fn check(url: &str) -> Result<Url> {
    let parsed = Url::parse(url)?;
    if parsed.origin.scheme == Scheme::Http && !parsed.origin.is_loopback() {
        return Err(Error::argument("url is http:// and not on this machine"));
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_note_later_of_an_opener_that_no_thread_waits_for() {
        let start = || Command::new("true").spawn().unwrap();
        // No machine has so much memory.
        attend(start(), Builder::new().stack_size(1 << 60));
        let child = lock(&UNATTENDED).first().cloned().unwrap();
        for _ in 0..500 {
            attend(start(), Builder::new());
            if lock(&UNATTENDED).is_empty() {
                assert!(lock(&child).try_wait().unwrap().is_some());
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        panic!("it is never waited for");
    }

    #[test]
    fn opens_nothing_but_pages() {
        for url in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https:", ""] {
            assert_eq!(open_browser(url).unwrap_err().status(), Status::InvalidArgument, "{url}");
        }
        assert!(check("http://example.com/").is_err());
        assert!(check("http://127.0.0.1:9/authorize?x=1").is_ok());
        assert!(check("https://example.com/authorize?x=1").is_ok());
    }
}
