//! Input requests and events of the server.

use serde_json::Value;

use crate::results::sized_json;
use crate::{Outcome, c, optional, outcome, raw, text};

/// An input request, freed when dropped.
#[derive(Debug)]
pub struct Input(pub *mut raw::mcp_input);

unsafe impl Send for Input {}
unsafe impl Sync for Input {}

impl Input {
    pub fn kind(&self) -> i32 {
        unsafe { raw::mcp_input_kind(self.0) }
    }

    /// The handle of its client, or NULL.
    pub fn client(&self) -> *mut raw::mcp_client {
        unsafe { raw::mcp_input_client(self.0) }
    }

    /// The handle of the request that it belongs to, or NULL.
    pub fn request(&self) -> *mut raw::mcp_request {
        unsafe { raw::mcp_input_request(self.0) }
    }

    pub fn message(&self) -> String {
        text(unsafe { raw::mcp_input_message(self.0) }).unwrap()
    }

    pub fn schema(&self) -> Option<Value> {
        sized_json(|len| unsafe { raw::mcp_input_schema_json(self.0, len) })
    }

    pub fn url(&self) -> Option<String> {
        text(unsafe { raw::mcp_input_url(self.0) })
    }

    pub fn params(&self) -> Value {
        sized_json(|len| unsafe { raw::mcp_input_params_json(self.0, len) }).unwrap()
    }

    pub fn accept(&self, content: Option<Value>) -> Outcome<()> {
        let content = content.map(|content| c(&content.to_string()));
        outcome(unsafe { raw::mcp_input_accept(self.0, optional(content.as_ref())) })
    }

    pub fn decline(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_input_decline(self.0) })
    }

    pub fn dismiss(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_input_dismiss(self.0) })
    }

    pub fn reply(&self, result: Value) -> Outcome<()> {
        outcome(unsafe { raw::mcp_input_reply_json(self.0, c(&result.to_string()).as_ptr()) })
    }

    pub fn fail(&self, code: i32, message: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_input_fail(self.0, code, c(message).as_ptr()) })
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        unsafe { raw::mcp_input_free(self.0) }
    }
}

/// An event, copied out of what is lent to a handler.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub kind: i32,
    pub method: Option<String>,
    pub message: Option<String>,
    pub params: Value,
    pub uri: Option<String>,
    pub log_level: i32,
    pub logger: Option<String>,
    pub data: Option<String>,
    /// The id and the status.
    pub task: Option<(String, String)>,
}

impl Event {
    pub(crate) fn of(event: *const raw::mcp_event) -> Self {
        unsafe {
            let params = sized_json(|len| raw::mcp_event_params_json(event, len)).unwrap();
            Self {
                kind: raw::mcp_event_kind(event),
                method: text(raw::mcp_event_method(event)),
                message: text(raw::mcp_event_message(event)),
                uri: text(raw::mcp_event_uri(event)),
                log_level: raw::mcp_event_log_level(event),
                logger: params["logger"].as_str().map(str::to_owned),
                data: params.get("data").map(Value::to_string),
                params,
                task: crate::tasks::task_of(event),
            }
        }
    }
}
