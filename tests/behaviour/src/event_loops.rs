//! What an event loop needs of a client: its state, and the ways to be woken.

use std::ffi::c_void;
use std::io;
use std::ptr;
use std::time::{Duration, Instant};

use crate::calls::free;
use crate::{Answer, Client, Failure, Outcome, SOON, outcome, raw, text};

/// Whether a descriptor becomes readable within so many milliseconds.
pub fn readable(fd: i32, milliseconds: i32) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    loop {
        match unsafe { libc::poll(&mut poll, 1, milliseconds) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            count => return count == 1,
        }
    }
}

impl Client {
    pub fn state(&self) -> i32 {
        unsafe { raw::mcp_client_state(self.0) }
    }

    /// Waits for a state without a call and without a dispatch.
    pub fn awaits_state(&self, state: i32) {
        let start = Instant::now();
        while self.state() != state {
            assert!(start.elapsed() < SOON, "{} in place of {state}", self.state());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn server_result(&self) -> Outcome<Answer> {
        let result = unsafe { raw::mcp_client_new_server_result(self.0) };
        if result.is_null() { Err(Failure::last()) } else { Ok(Answer(result)) }
    }

    pub fn url(&self) -> Option<String> {
        text(unsafe { raw::mcp_client_url(self.0) })
    }

    pub fn set_keepalive(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_keepalive(self.0, milliseconds) })
    }

    pub fn wake(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_wake(self.0) })
    }

    pub fn set_dispatch_only(&self, on: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_dispatch_only(self.0, on.into()) })
    }

    pub fn set_wakeup<F>(&self, post: F) -> Outcome<()>
    where
        F: Fn() + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn()>(userdata: *mut c_void) {
            unsafe { (*(userdata as *const F))() }
        }
        let userdata = Box::into_raw(Box::new(post)).cast();
        outcome(unsafe {
            raw::mcp_client_set_wakeup(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    pub fn remove_wakeup(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_wakeup(self.0, None, ptr::null_mut(), None) })
    }
}
