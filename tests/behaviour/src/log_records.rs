//! The log handler of a client.

use std::ffi::c_void;

use crate::calls::free;
use crate::{Client, Outcome, outcome, raw, text};

impl Client {
    /// The arguments of `tell` are the level and the message of a record.
    pub fn set_log<F>(&self, level: i32, tell: F) -> Outcome<()>
    where
        F: Fn(i32, String) + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(i32, String)>(
            userdata: *mut c_void,
            client: *mut raw::mcp_client,
            record: *const raw::mcp_log_record,
        ) {
            assert!(!client.is_null());
            unsafe {
                let message = text(raw::mcp_log_record_message(record)).unwrap();
                (*(userdata as *const F))(raw::mcp_log_record_level(record), message);
            }
        }
        let userdata = Box::into_raw(Box::new(tell)).cast();
        outcome(unsafe {
            raw::mcp_client_set_log(self.0, Some(call::<F>), userdata, Some(free::<F>), level)
        })
    }

    pub fn remove_log(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_log(self.0, None, std::ptr::null_mut(), None, 0) })
    }
}
