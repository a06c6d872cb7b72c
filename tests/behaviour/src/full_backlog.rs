//! A port at which connections are neither made nor refused.

use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// A listener whose backlog is full. On Linux the connections beyond it are
/// still being made.
pub struct FullBacklog {
    pub port: u16,
    _listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

impl FullBacklog {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        const PAUSE: Duration = Duration::from_millis(50);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(unsafe { libc::listen(listener.as_raw_fd(), 0) }, 0);
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        // On a busy machine a connection that could be made may take too long.
        let mut failures = 0;
        while failures < 3 {
            match TcpStream::connect_timeout(&address, PAUSE) {
                Ok(stream) => {
                    failures = 0;
                    waiting.push(stream);
                }
                Err(_) => failures += 1,
            }
            assert!(waiting.len() < 100);
        }
        Self { port: address.port(), _listener: listener, _waiting: waiting }
    }
}
