//! A server at the other end of a socket, which writes any bytes.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::Client;

impl Client {
    /// A client of such a server. `answer` gets each message of the client, and
    /// the stream on which it writes. The connection ends when `answer` fails.
    pub fn of_line_server(
        mut answer: impl FnMut(&Value, &mut UnixStream) -> io::Result<()> + Send + 'static,
    ) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = ours.into_raw_fd();
        std::thread::spawn(move || {
            let mut output = theirs.try_clone().unwrap();
            for line in BufReader::new(theirs).lines().map_while(Result::ok) {
                let message = serde_json::from_str(&line).unwrap();
                if answer(&message, &mut output).is_err() {
                    return;
                }
            }
        });
        Self::fds(fd, fd).unwrap()
    }

    /// A client of a server that writes each text as a line.
    pub fn of_lines(mut texts: impl FnMut(&Value) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        Self::of_line_server(move |message, output| {
            texts(message)
                .iter()
                .try_for_each(|text| output.write_all(&[text, &b"\n"[..]].concat()))
        })
    }
}
