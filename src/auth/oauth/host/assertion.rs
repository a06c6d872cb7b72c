//! The assertion of a workload, read from a file or the environment.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::platform;

/// The most bytes that an assertion's file may have.
const LIMIT: u64 = 256 * 1024;

pub(crate) fn read_variable(name: &OsStr) -> Result<Secret> {
    let environment = Environment::read();
    let token = environment.get(name).and_then(OsStr::to_str);
    token.map(Secret::from).ok_or_else(|| {
        let name = quote(&name.to_string_lossy());
        let what = format!("the environment variable {name} with the signed token is not set");
        Error::new(Status::Auth, what)
    })
}

/// Does not wait for the writer of a FIFO.
pub(crate) fn read_file(path: &Path) -> Result<Secret> {
    let failed = |why: String| {
        let path = quote(&path.to_string_lossy());
        Error::new(Status::Auth, format!("the signed token in {path} cannot be read: {why}"))
    };
    let file = platform::open_regular(path).map_err(|error| failed(error.to_string()))?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err(failed("it is no regular file".to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(LIMIT + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > LIMIT {
        return Err(failed(format!("it has more than {LIMIT} bytes")));
    }
    Ok(Secret::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn waits_for_no_writer_of_a_fifo() {
        let path = std::env::temp_dir().join(format!("mcp-fifo-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let (done, result) = mpsc::channel();
        let read = path.clone();
        std::thread::spawn(move || done.send(read_file(&read).map(drop)));
        let error = result.recv_timeout(Duration::from_secs(30)).unwrap().unwrap_err();
        assert!(error.message().contains("no regular file"), "{}", error.message());
        std::fs::remove_file(path).unwrap();
    }
}
