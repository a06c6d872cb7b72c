//! A thin owner of mcp_token_request.

use std::ffi::c_void;

use crate::calls::free;
use crate::{Client, Outcome, c, optional, outcome, raw, text};

/// A token request, released when dropped.
#[derive(Debug)]
pub struct TokenRequest(pub(crate) *mut raw::mcp_token_request);

unsafe impl Send for TokenRequest {}
unsafe impl Sync for TokenRequest {}

impl TokenRequest {
    pub fn is_refused(&self) -> bool {
        unsafe { raw::mcp_token_request_refused(self.0) != 0 }
    }

    pub fn challenge(&self, name: &str) -> Option<String> {
        text(unsafe { raw::mcp_token_request_challenge(self.0, c(name).as_ptr()) })
    }

    pub fn answer(&self, token: &str) -> Outcome<()> {
        outcome(unsafe {
            raw::mcp_token_request_answer(self.0, token.as_ptr().cast(), token.len())
        })
    }

    pub fn fail(&self, message: Option<&str>) -> Outcome<()> {
        let message = message.map(c);
        outcome(unsafe { raw::mcp_token_request_fail(self.0, optional(message.as_ref())) })
    }
}

impl Drop for TokenRequest {
    fn drop(&mut self) {
        unsafe { raw::mcp_token_request_free(self.0) }
    }
}

impl Client {
    /// The handler owns the requests; what it gives is what the callback returns.
    pub fn set_token_requests<F>(&self, handle: F) -> Outcome<()>
    where
        F: Fn(TokenRequest) -> i32 + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(TokenRequest) -> i32>(
            userdata: *mut c_void,
            client: *mut raw::mcp_client,
            request: *mut raw::mcp_token_request,
        ) -> i32 {
            assert!(!client.is_null());
            unsafe { (*(userdata as *const F))(TokenRequest(request)) }
        }
        let userdata = Box::into_raw(Box::new(handle)).cast();
        outcome(unsafe {
            raw::mcp_client_set_token_handler(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    /// The argument of `ask` is whether the server refused the last token. The
    /// answer is given at once; without one, the callback fails.
    pub fn set_token_handler<F>(&self, ask: F) -> Outcome<()>
    where
        F: Fn(bool) -> Option<String> + Send + Sync + 'static,
    {
        self.set_token_requests(move |request| match ask(request.is_refused()) {
            Some(token) => request.answer(&token).map_or_else(|failure| failure.status, |()| 0),
            None => 99,
        })
    }
}
