//! Opening the person's browser.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use crate::base::error::{Error, Result, Status};
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
        if let Ok(mut child) = command.spawn() {
            // Nobody else would take note of its end; an opener hands the
            // address on and ends, a browser may go on for days.
            let wait = move || sys::without_signals(|| drop(child.wait()));
            let thread = std::thread::Builder::new().name("mcp-browser".into());
            return match thread.spawn(wait) {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::new(Status::Internal, format!("no thread: {error}"))),
            };
        }
    }
    Err(Error::new(
        Status::NotFound,
        "no program opens a browser here: set BROWSER to one, or show the address to the person \
         yourself; see mcp_auth_set_browser()",
    ))
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
    fn opens_nothing_but_pages() {
        for url in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "https:", ""] {
            assert_eq!(open_browser(url).unwrap_err().status(), Status::InvalidArgument, "{url}");
        }
        assert!(check("http://example.com/").is_err());
        assert!(check("http://127.0.0.1:9/authorize?x=1").is_ok());
        assert!(check("https://example.com/authorize?x=1").is_ok());
    }
}
