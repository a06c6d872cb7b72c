//! A whole client of a server that sends lines. Whatever the server sends, each
//! call ends, and every result, event and error can be read.
//!
//! The input has parts that are separated by lines of `====`. The first part has
//! the letters of the calls (`application.rs`). Each other part is what the
//! server sends after the next request; `$ID` stands for that request's id.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

use crate::application::{Application, check_panics};

pub(super) const WORDS: &[&str] = &[
    "\n====\n",
    "$ID",
    "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":{}}\n",
    "\"nextCursor\":\"c\",",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"level\":\"error\",\"data\":1}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":{\"message\":\"m\",\"requestedSchema\":{}}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"sampling/createMessage\",\"params\":{}}\n",
    "{\"jsonrpc\":\"2.0\",\"id\":10,\"method\":\"ping\"}\n",
    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":$ID,\"progress\":1}}\n",
    "\"error\":{\"code\":-32601,\"message\":\"m\",\"data\":{}}",
    "\"result\":{\"content\":[",
    "\"tools\":[{\"name\":\"n\"}]",
    "\"resultType\":\"input_required\",",
    "\"task\":{\"taskId\":\"n\",\"status\":\"working\",\"pollInterval\":1}",
    "\"status\":\"completed\"",
    "\"protocolVersion\":\"2025-11-25\"",
    "\"ttlMs\":1,",
    "\"_meta\":{",
    "null",
    "{\"type\":\"image\",\"data\":\"AAAA\",\"mimeType\":\"a/b\"}",
    "{\"uri\":\"a:b\",\"text\":\"t\"}",
    "[",
    "]",
    "\"blob\":",
];

/// The separator of the parts of an input.
pub(super) const MARK: &str = "\n====\n";

pub(super) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut all = text.split(MARK);
    let letters = all.next().unwrap_or_default();
    // The conversion to text must not hide what the input damages.
    let says: Vec<Vec<u8>> = split(data, MARK.as_bytes()).skip(1).map(<[u8]>::to_vec).collect();
    let Ok((ours, theirs)) = UnixStream::pair() else { return };
    let Ok(write) = ours.try_clone() else { return };
    let server = std::thread::spawn(move || serve(theirs, &says));
    let application = Application::of_fds(ours.into_raw_fd(), write.into_raw_fd());
    application.run(letters);
    drop(application);
    let _ = server.join();
    check_panics();
}

/// Sends the next part after each request, and closes after the last one.
fn serve(stream: UnixStream, says: &[Vec<u8>]) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut says = says.iter();
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        let Some(id) = id_of(&line) else { continue };
        let Some(part) = says.next() else { return };
        let said = with_id(part, &id);
        let is_said = writer.write_all(&said).and_then(|()| writer.write_all(b"\n")).is_ok();
        // A part that answers nothing is followed by the end of the stream: a
        // timeout would show the same, later.
        if !is_said || memchr::memmem::find(part, b"$ID").is_none() {
            return;
        }
    }
}

/// The id of a request as JSON; `None` for any other message.
pub(super) fn id_of(message: &str) -> Option<String> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("method")?;
    message.get("id").map(ToString::to_string)
}

pub(super) fn with_id(part: &[u8], id: &str) -> Vec<u8> {
    let pieces: Vec<&[u8]> = split(part, b"$ID").collect();
    pieces.join(id.as_bytes())
}

pub(super) fn split<'a>(mut data: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        match memchr::memmem::find(data, mark) {
            Some(at) => {
                let part = &data[..at];
                data = &data[at + mark.len()..];
                Some(part)
            }
            None => {
                is_over = true;
                Some(data)
            }
        }
    })
}
