//! The C interface as the header declares it, and a thin owner of each handle
//! for the tests.

#![allow(clippy::not_unsafe_ptr_arg_deref, reason = "pointers that the library gave")]

pub mod auth;
pub mod authority;
mod calls;
mod cases;
pub mod chaos;
mod config;
mod event_log;
mod event_loops;
mod full_backlog;
mod http_errors;
mod http_server;
mod input_requests;
mod library;
mod line_server;
mod log_records;
mod raw_results;
mod results;
pub mod slow_server;
mod sse_server;
mod stdio_server;
pub mod tasks;
mod times;
mod token_requests;
mod transports;

use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use auth::Auth;
pub use calls::{Beside, Progress};
pub use cases::{case_within, replaced};
pub use config::Config;
pub use event_log::EventLog;
pub use event_loops::readable;
pub use full_backlog::FullBacklog;
pub use http_errors::{HTTP_ERRORS, is_http_error};
pub use http_server::HttpServer;
pub use input_requests::{Event, Input};
pub use raw_results::{RAW_CARRIERS, RawCarrier, RawServer};
pub use results::{Argument, Content, File, Prompt, Resource, Skill, Tool};
pub use slow_server::SlowServer;
pub use sse_server::SseServer;
pub use stdio_server::{StdioServer, await_forks, exists, is_reaped};
pub use times::{AT_ONCE, SOON, TEST_LIMIT, is_fast};
pub use token_requests::TokenRequest;

/// The types and functions of the header, as build.rs declares them.
#[allow(non_camel_case_types)]
pub mod raw {
    include!(concat!(env!("OUT_DIR"), "/interface.rs"));
}

/// The numbers of the header.
pub mod constants {
    include!(concat!(env!("OUT_DIR"), "/constants.rs"));
}

/// A failure, copied out of the thread's last error or a request's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub status: i32,
    pub message: String,
    pub http_status: i32,
    pub rpc_code: i32,
    pub data: Option<String>,
    pub retry_after: i64,
    pub may_have_run: bool,
    pub exit_status: i32,
    pub challenge: Vec<(String, String)>,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn last() -> Self {
        Self::of(ptr::null())
    }

    pub(crate) fn of(error: *const raw::mcp_error) -> Self {
        unsafe {
            let names = ["realm", "error", "error_description", "scope", "resource_metadata"];
            Self {
                status: raw::mcp_error_status(error),
                message: text(raw::mcp_error_message(error)).unwrap(),
                http_status: raw::mcp_error_http_status(error),
                rpc_code: raw::mcp_error_rpc_code(error),
                data: text(raw::mcp_error_data_json(error, ptr::null_mut())),
                retry_after: raw::mcp_error_retry_after(error),
                may_have_run: raw::mcp_error_may_have_run(error) != 0,
                exit_status: raw::mcp_error_exit_status(error),
                challenge: names
                    .iter()
                    .filter_map(|name| {
                        let value = raw::mcp_error_challenge(error, c(name).as_ptr());
                        text(value).map(|value| (name.to_string(), value))
                    })
                    .collect(),
            }
        }
    }

    /// All of its text, to look for what must not be in it.
    pub fn everything(&self) -> String {
        format!("{self:?}")
    }
}

pub fn outcome(status: i32) -> Outcome<()> {
    if status == 0 {
        return Ok(());
    }
    let failure = Failure::last();
    assert_eq!(failure.status, status, "the last error is of another call");
    Err(failure)
}

pub fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

pub fn text(pointer: *const c_char) -> Option<String> {
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned())
}

pub(crate) fn optional(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

/// A client, freed when dropped. Shared between threads as the header allows.
#[derive(Debug)]
pub struct Client(pub *mut raw::mcp_client);

unsafe impl Send for Client {}
unsafe impl Sync for Client {}

impl Client {
    pub fn new(url: &str, token: Option<&str>) -> Outcome<Self> {
        let token = token.map(c);
        let client = unsafe { raw::mcp_client_new(c(url).as_ptr(), optional(token.as_ref())) };
        if client.is_null() { Err(Failure::last()) } else { Ok(Self(client)) }
    }

    /// One that must be made, with limits of time that suit a test.
    pub fn of(url: &str) -> Self {
        let client = Self::new(url, None).unwrap();
        client.set_timeout(60_000);
        client
    }

    pub fn ping(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_ping(self.0) })
    }

    /// A ping that is sent once: a broken reply is not made good by another.
    pub fn ping_once(&self) -> Outcome<()> {
        let request = self.request("ping", None)?;
        request.set_repeatable(false)?;
        request.perform().map(drop)
    }

    pub fn connect(&self) -> Outcome<Answer> {
        let mut out = ptr::null_mut();
        outcome(unsafe { raw::mcp_connect(self.0, &mut out) })?;
        Ok(Answer(out))
    }

    pub fn close(&self) {
        unsafe { raw::mcp_client_close(self.0) }
    }

    pub fn set_header(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        outcome(unsafe {
            raw::mcp_client_set_header(self.0, c(name).as_ptr(), optional(value.as_ref()))
        })
    }

    pub fn set_token(&self, token: Option<&str>) -> Outcome<()> {
        let token = token.map(c);
        outcome(unsafe { raw::mcp_client_set_token(self.0, optional(token.as_ref())) })
    }

    pub fn set_timeout(&self, milliseconds: i64) {
        outcome(unsafe { raw::mcp_client_set_timeout(self.0, milliseconds) }).unwrap();
    }

    pub fn set_connect_timeout(&self, milliseconds: i64) {
        self.set_limit(constants::MCP_LIMIT_CONNECT_TIME, milliseconds).unwrap();
    }

    pub fn set_max_message_size(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap();
        self.set_limit(constants::MCP_LIMIT_MESSAGE_SIZE, bytes).unwrap();
    }

    pub fn pin(&self, version: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_protocol_version(self.0, c(version).as_ptr()) })
    }

    pub fn set_proxy(&self, url: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_proxy(self.0, c(url).as_ptr()) })
    }

    pub fn set_ca_file(&self, path: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_ca_file(self.0, c(path).as_ptr()) })
    }

    pub fn set_ca_data(&self, pem: Option<&[u8]>) -> Outcome<()> {
        let (start, len) = pem.map_or((ptr::null(), 0), |pem| (pem.as_ptr().cast(), pem.len()));
        outcome(unsafe { raw::mcp_client_set_ca_data(self.0, start, len) })
    }

    pub fn set_certificate_data(
        &self,
        certificate: Option<&[u8]>,
        key: Option<&[u8]>,
    ) -> Outcome<()> {
        let parts = |pem: Option<&[u8]>| {
            pem.map_or((ptr::null(), 0), |pem| (pem.as_ptr().cast(), pem.len()))
        };
        let ((start, len), (key, key_len)) = (parts(certificate), parts(key));
        outcome(unsafe { raw::mcp_client_set_certificate_data(self.0, start, len, key, key_len) })
    }

    pub fn set_certificate(&self, certificate: &str, key: &str) -> Outcome<()> {
        outcome(unsafe {
            raw::mcp_client_set_certificate(self.0, c(certificate).as_ptr(), c(key).as_ptr())
        })
    }

    pub fn request(&self, method: &str, params: Option<&str>) -> Outcome<Request> {
        let params = params.map(c);
        let request =
            unsafe { raw::mcp_request_new(self.0, c(method).as_ptr(), optional(params.as_ref())) };
        if request.is_null() { Err(Failure::last()) } else { Ok(Request(request)) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        unsafe { raw::mcp_client_free(self.0) }
    }
}

pub struct Request(pub *mut raw::mcp_request);

unsafe impl Send for Request {}
unsafe impl Sync for Request {}

impl Request {
    pub fn perform(&self) -> Outcome<Answer> {
        let mut out = ptr::null_mut();
        let status = unsafe { raw::mcp_request_perform(self.0, &mut out) };
        if status == 0 {
            return Ok(Answer(out));
        }
        assert!(out.is_null());
        let own = Failure::of(unsafe { raw::mcp_request_error(self.0) });
        assert_eq!(own, outcome(status).unwrap_err(), "both places say the same");
        Err(own)
    }

    pub fn set_timeout(&self, milliseconds: i64) {
        outcome(unsafe { raw::mcp_request_set_timeout(self.0, milliseconds) }).unwrap();
    }

    pub fn set_cancel(&self, cancel: &Cancel) {
        outcome(unsafe { raw::mcp_request_set_cancel(self.0, cancel.0) }).unwrap();
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        unsafe { raw::mcp_request_free(self.0) }
    }
}

pub struct Cancel(pub *mut raw::mcp_cancel);

unsafe impl Send for Cancel {}
unsafe impl Sync for Cancel {}

impl Cancel {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(unsafe { raw::mcp_cancel_new() })
    }

    pub fn fire(&self) {
        unsafe { raw::mcp_cancel_fire(self.0) }
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        unsafe { raw::mcp_cancel_free(self.0) }
    }
}

#[derive(Debug)]
pub struct Answer(pub *mut raw::mcp_result);

unsafe impl Send for Answer {}
unsafe impl Sync for Answer {}

impl Answer {
    pub fn json(&self) -> String {
        let mut len = 0;
        let json = text(unsafe { raw::mcp_result_json(self.0, &mut len) }).unwrap();
        assert_eq!(json.len(), len);
        json
    }

    pub fn protocol_version(&self) -> Option<String> {
        text(unsafe { raw::mcp_result_protocol_version(self.0) })
    }

    pub fn server_name(&self) -> Option<String> {
        text(unsafe { raw::mcp_result_server_name(self.0) })
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        unsafe { raw::mcp_result_free(self.0) }
    }
}

/// Runs a test on a thread of its own and fails it when it does not end.
pub fn within(limit: Duration, test: impl FnOnce() + Send + 'static) {
    library::refuse_stale();
    let (done, ended) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match ended.recv_timeout(limit) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
            panic!("no end within {limit:?}")
        }
        _ => {
            if let Err(payload) = thread.join() {
                std::panic::resume_unwind(payload);
            }
        }
    }
}

/// Keeps the other tests of a program from running, for tests that count what the
/// whole process holds. Taken before the deadline of the test begins.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test with a deadline.
#[macro_export]
macro_rules! tests {
    ($($name:ident $body:block)*) => {
        $(
            #[test]
            fn $name() {
                $crate::within($crate::TEST_LIMIT, || $body);
            }
        )*
    };
}

/// Tests with a deadline, of which one runs at a time.
#[macro_export]
macro_rules! tests_alone {
    ($($name:ident $body:block)*) => {
        $(
            #[test]
            fn $name() {
                let _alone = $crate::alone();
                $crate::within($crate::TEST_LIMIT, || $body);
            }
        )*
    };
}
