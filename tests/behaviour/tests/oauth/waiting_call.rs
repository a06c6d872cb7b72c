//! A call that waits for an authorization that another call is using: it ends
//! by its own timeout, cancel or close, and not with the other call.

use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, SOON};
use mcp_test_server::await_true;

/// How the second call is made and how it ends; 0 stands for success.
#[derive(Clone, Copy, Debug)]
pub struct WaitingCall {
    pub is_started: bool,
    pub ending: i32,
}

/// Both ways to make a call, each with each ending.
pub fn calls(endings: &[i32]) -> impl Iterator<Item = WaitingCall> {
    endings.iter().flat_map(|&ending| {
        [false, true].into_iter().map(move |is_started| WaitingCall { is_started, ending })
    })
}

impl WaitingCall {
    /// `first` pings, and is inside a callback of the application once
    /// `is_inside` says so, until `release`. `second` pings in the meantime.
    pub fn ends(
        self,
        first: &Client,
        second: &Client,
        is_inside: impl Fn() -> bool,
        release: impl FnOnce(),
    ) {
        let (request, cancel) = (second.request("ping", None).unwrap(), Cancel::new());
        request.set_cancel(&cancel);
        if self.ending == MCP_E_TIMEOUT {
            request.set_timeout(300);
        }
        std::thread::scope(|scope| {
            let ping = scope.spawn(|| first.ping());
            assert!(await_true(SOON, is_inside));
            let start = Instant::now();
            if self.is_started {
                request.start().unwrap();
            }
            let waiting = scope.spawn(|| match self.is_started {
                true => request.wait(30_000),
                false => request.perform().map_or_else(|failure| failure.status, |_| 0),
            });
            std::thread::sleep(Duration::from_millis(300));
            match self.ending {
                MCP_E_CANCELLED => cancel.fire(),
                MCP_E_CLOSED => second.close(),
                _ => {}
            }
            assert_eq!(waiting.join().unwrap(), self.ending, "{self:?}");
            let took = start.elapsed();
            assert!(self.ending == 0 || took < AT_ONCE, "{self:?}: {took:?}");
            release();
            ping.join().unwrap().unwrap();
        });
    }
}
