//! Folders and programs that every system has under another name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The folder for the state of applications, by the environment variables
/// that `variable` returns. `None` where there is no home folder.
pub(crate) fn state_folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // A relative path is ignored (XDG Base Directory Specification).
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = |below: &str| folder("HOME").map(|home| home.join(below));
    if cfg!(target_os = "macos") {
        home("Library/Application Support")
    } else {
        folder("XDG_STATE_HOME").or_else(|| home(".local/state"))
    }
}

/// The programs that open an address in the person's browser, in the order in
/// which they are tried.
pub(crate) const BROWSER_OPENERS: &[&str] =
    if cfg!(target_os = "macos") { &["open"] } else { &["xdg-open", "x-www-browser"] };

/// A text of the application, which need not be UTF-8, as the system takes it.
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    OsStr::from_bytes(bytes).to_owned()
}
