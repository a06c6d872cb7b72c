//! The calls of the protocol, and a client's limits and handlers.

use std::ffi::c_void;
use std::ptr;
use std::time::Instant;

use serde_json::Value;

use crate::constants::*;
use crate::{
    Answer, Client, Event, Failure, Input, Outcome, Request, Skill, c, optional, outcome, raw,
};

type Out = *mut *mut raw::mcp_result;

/// What a call of that form gives.
fn answer(call: impl FnOnce(Out) -> i32) -> Outcome<Answer> {
    let mut out = ptr::null_mut();
    let status = call(&mut out);
    let has_result = status == 0 || status == MCP_E_SCHEMA;
    assert_eq!(has_result, !out.is_null(), "a result where there is one");
    let answer = has_result.then(|| Answer(out));
    outcome(status)?;
    answer.ok_or_else(Failure::last)
}

/// An outcome, and the result where there is one, which may be beside an error.
pub type Beside = (Outcome<()>, Option<Answer>);

fn beside(call: impl FnOnce(Out) -> i32) -> Beside {
    let mut out = ptr::null_mut();
    let status = call(&mut out);
    (outcome(status), (!out.is_null()).then_some(Answer(out)))
}

fn request(request: *mut raw::mcp_request) -> Outcome<Request> {
    if request.is_null() { Err(Failure::last()) } else { Ok(Request(request)) }
}

fn json(value: &Value) -> std::ffi::CString {
    c(&value.to_string())
}

impl Client {
    pub fn list_tools(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_list_tools(self.0, out) })
    }

    pub fn list_resources(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_list_resources(self.0, out) })
    }

    pub fn list_templates(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_list_resource_templates(self.0, out) })
    }

    pub fn list_prompts(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_list_prompts(self.0, out) })
    }

    pub fn call(&self, tool: &str, arguments: Value) -> Outcome<Answer> {
        let (tool, arguments) = (c(tool), json(&arguments));
        answer(|out| unsafe { raw::mcp_call_tool(self.0, tool.as_ptr(), arguments.as_ptr(), out) })
    }

    pub fn call_beside(&self, tool: &str) -> Beside {
        let tool = c(tool);
        beside(|out| unsafe { raw::mcp_call_tool(self.0, tool.as_ptr(), ptr::null(), out) })
    }

    pub fn read(&self, uri: &str) -> Outcome<Answer> {
        let uri = c(uri);
        answer(|out| unsafe { raw::mcp_read_resource(self.0, uri.as_ptr(), out) })
    }

    pub fn get_prompt(&self, name: &str, arguments: Option<Value>) -> Outcome<Answer> {
        let (name, arguments) = (c(name), arguments.as_ref().map(json));
        answer(|out| unsafe {
            raw::mcp_get_prompt(self.0, name.as_ptr(), optional(arguments.as_ref()), out)
        })
    }

    pub fn complete(
        &self,
        reference: Value,
        argument: &str,
        value: &str,
        context: Option<Value>,
    ) -> Outcome<Answer> {
        let (reference, context) = (json(&reference), context.as_ref().map(json));
        let (argument, value) = (c(argument), c(value));
        answer(|out| unsafe {
            raw::mcp_complete(
                self.0,
                reference.as_ptr(),
                argument.as_ptr(),
                value.as_ptr(),
                optional(context.as_ref()),
                out,
            )
        })
    }

    pub fn list_skills(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_list_skills(self.0, out) })
    }

    pub fn read_skill_file(&self, skill: &Skill, index: usize) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_read_skill_file(self.0, skill.0, index, out) })
    }

    pub fn subscribe(&self, uri: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_subscribe_resource(self.0, c(uri).as_ptr()) })
    }

    pub fn unsubscribe(&self, uri: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_unsubscribe_resource(self.0, c(uri).as_ptr()) })
    }

    pub fn set_log_level(&self, level: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_set_log_level(self.0, level) })
    }

    pub fn listen(&self, kinds: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_listen(self.0, kinds) })
    }

    pub fn notify(&self, method: &str, params: Option<Value>) -> Outcome<()> {
        let params = params.as_ref().map(json);
        outcome(unsafe { raw::mcp_notify(self.0, c(method).as_ptr(), optional(params.as_ref())) })
    }

    pub fn tool_request(&self, tool: &str, arguments: Value) -> Outcome<Request> {
        let (tool, arguments) = (c(tool), json(&arguments));
        request(unsafe {
            raw::mcp_request_new_call_tool(self.0, tool.as_ptr(), arguments.as_ptr())
        })
    }

    pub fn read_request(&self, uri: &str) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_read_resource(self.0, c(uri).as_ptr()) })
    }

    pub fn prompt_request(&self, name: &str, arguments: Option<Value>) -> Outcome<Request> {
        let (name, arguments) = (c(name), arguments.as_ref().map(json));
        request(unsafe {
            raw::mcp_request_new_get_prompt(self.0, name.as_ptr(), optional(arguments.as_ref()))
        })
    }

    pub fn connect_request(&self) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_connect(self.0) })
    }

    pub fn listen_request(&self, kinds: i32) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_listen(self.0, kinds) })
    }

    pub fn subscribe_request(&self, uri: &str) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_subscribe(self.0, c(uri).as_ptr()) })
    }

    pub fn unsubscribe_request(&self, uri: &str) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_unsubscribe(self.0, c(uri).as_ptr()) })
    }

    pub fn set_log_level_request(&self, level: i32) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_set_log_level(self.0, level) })
    }

    pub fn notify_request(&self, method: &str, params: Option<Value>) -> Outcome<Request> {
        let (method, params) = (c(method), params.as_ref().map(json));
        request(unsafe {
            raw::mcp_request_new_notify(self.0, method.as_ptr(), optional(params.as_ref()))
        })
    }

    pub fn task_result_request(&self, task_id: &str) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_task_result(self.0, c(task_id).as_ptr()) })
    }

    pub fn sign_in_request(&self) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_sign_in(self.0) })
    }

    pub fn sign_out_request(&self) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_sign_out(self.0) })
    }

    pub fn close_request(&self) -> Outcome<Request> {
        request(unsafe { raw::mcp_request_new_close(self.0) })
    }

    pub fn set_deadline(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_deadline(self.0, milliseconds) })
    }

    pub fn set_input_timeout(&self, milliseconds: i64) -> Outcome<()> {
        self.set_limit(MCP_LIMIT_INPUT_TIME, milliseconds)
    }

    pub fn set_max_pages(&self, pages: i32) -> Outcome<()> {
        self.set_limit(MCP_LIMIT_PAGES, pages.into())
    }

    /// `limit`: MCP_LIMIT_....
    pub fn set_limit(&self, limit: i32, value: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_limit(self.0, limit, value) })
    }

    /// `what`: MCP_ALLOW_..., added together.
    pub fn set_allow(&self, what: i32, allow: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_allow(self.0, what, allow.into()) })
    }

    pub fn set_close_timeout(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_close_timeout(self.0, milliseconds) })
    }

    pub fn set_max_items(&self, items: i32) -> Outcome<()> {
        self.set_limit(MCP_LIMIT_ITEMS, items.into())
    }

    pub fn set_max_events(&self, events: i32) -> Outcome<()> {
        self.set_limit(MCP_LIMIT_EVENTS, events.into())
    }

    pub fn set_cache_size(&self, bytes: usize) -> Outcome<()> {
        self.set_limit(MCP_LIMIT_CACHE, i64::try_from(bytes).unwrap())
    }

    pub fn count(&self, counter: i32) -> i64 {
        unsafe { raw::mcp_client_counter(self.0, counter) }
    }

    pub fn set_roots(&self, roots: Option<Value>) -> Outcome<()> {
        let roots = roots.as_ref().map(json);
        outcome(unsafe { raw::mcp_client_set_roots_json(self.0, optional(roots.as_ref())) })
    }

    pub fn set_capabilities(&self, capabilities: Value) -> Outcome<()> {
        outcome(unsafe {
            raw::mcp_client_set_capabilities_json(self.0, json(&capabilities).as_ptr())
        })
    }

    pub fn fd(&self) -> i32 {
        unsafe { raw::mcp_client_fd(self.0) }
    }

    pub fn dispatch(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_dispatch(self.0, milliseconds) })
    }

    /// Dispatches until a request is done, and gives its status.
    pub fn dispatch_until_done(&self, request: &Request) -> i32 {
        let start = Instant::now();
        while request.status() == MCP_PENDING {
            assert!(start.elapsed() < crate::SOON, "it is not done");
            self.dispatch(20).unwrap();
        }
        request.status()
    }

    /// The same handle that was started, or NULL.
    pub fn next_done(&self) -> *mut raw::mcp_request {
        unsafe { raw::mcp_client_next_done(self.0) }
    }

    /// Without the events about the state, which every client has.
    pub fn set_event_handler<F>(&self, tell: F) -> Outcome<()>
    where
        F: Fn(Event) + Send + Sync + 'static,
    {
        self.set_every_event_handler(move |event| {
            if event.kind != MCP_EVENT_STATE {
                tell(event);
            }
        })
    }

    pub fn set_every_event_handler<F>(&self, tell: F) -> Outcome<()>
    where
        F: Fn(Event) + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(Event)>(
            userdata: *mut c_void,
            _: *mut raw::mcp_client,
            event: *const raw::mcp_event,
        ) {
            unsafe { (*(userdata as *const F))(Event::of(event)) }
        }
        let userdata = Box::into_raw(Box::new(tell)).cast();
        outcome(unsafe {
            raw::mcp_client_set_event_handler(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    pub fn take_event_handler(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_event_handler(self.0, None, ptr::null_mut(), None) })
    }

    pub fn set_input_handler<F>(&self, kinds: i32, ask: F) -> Outcome<()>
    where
        F: Fn(Input) + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(Input)>(
            userdata: *mut c_void,
            _: *mut raw::mcp_client,
            input: *mut raw::mcp_input,
        ) {
            unsafe { (*(userdata as *const F))(Input(input)) }
        }
        let userdata = Box::into_raw(Box::new(ask)).cast();
        outcome(unsafe {
            raw::mcp_client_set_input_handler(
                self.0,
                kinds,
                Some(call::<F>),
                userdata,
                Some(free::<F>),
            )
        })
    }
}

pub(crate) unsafe extern "C" fn free<F>(userdata: *mut c_void) {
    drop(unsafe { Box::from_raw(userdata as *mut F) });
}

/// The progress of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub progress: f64,
    pub total: f64,
    pub message: Option<String>,
}

impl Request {
    pub fn set_deadline(&self, milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_deadline(self.0, milliseconds) })
    }

    pub fn set_progress<F: Fn(Progress) + Send + 'static>(&self, tell: F) -> Outcome<()> {
        unsafe extern "C" fn call<F: Fn(Progress)>(
            userdata: *mut c_void,
            request: *mut raw::mcp_request,
            progress: *const raw::mcp_progress,
        ) {
            assert!(!request.is_null());
            let progress = unsafe {
                Progress {
                    progress: raw::mcp_progress_value(progress),
                    total: raw::mcp_progress_total(progress),
                    message: crate::text(raw::mcp_progress_message(progress)),
                }
            };
            unsafe { (*(userdata as *const F))(progress) }
        }
        let userdata = Box::into_raw(Box::new(tell)).cast();
        outcome(unsafe {
            raw::mcp_request_set_progress(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    pub fn set_meta(&self, meta: Value) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_meta_json(self.0, json(&meta).as_ptr()) })
    }

    pub fn set_repeatable(&self, is_repeatable: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_repeatable(self.0, i32::from(is_repeatable)) })
    }

    pub fn set_all_pages(&self, all: bool) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_all_pages(self.0, i32::from(all)) })
    }

    /// `tell` gets the handle, which it may free.
    pub fn set_done<F>(&self, tell: F) -> Outcome<()>
    where
        F: Fn(*mut raw::mcp_request) + Send + Sync + 'static,
    {
        unsafe extern "C" fn call<F: Fn(*mut raw::mcp_request)>(
            userdata: *mut c_void,
            request: *mut raw::mcp_request,
        ) {
            unsafe { (*(userdata as *const F))(request) }
        }
        let userdata = Box::into_raw(Box::new(tell)).cast();
        outcome(unsafe {
            raw::mcp_request_set_done(self.0, Some(call::<F>), userdata, Some(free::<F>))
        })
    }

    pub fn remove_done(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_done(self.0, None, ptr::null_mut(), None) })
    }

    pub fn cancel(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_cancel(self.0) })
    }

    pub fn set_header(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        outcome(unsafe {
            raw::mcp_request_set_header(self.0, c(name).as_ptr(), optional(value.as_ref()))
        })
    }

    pub fn start(&self) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_start(self.0) })
    }

    pub fn method(&self) -> String {
        crate::text(unsafe { raw::mcp_request_method(self.0) }).unwrap()
    }

    pub fn status(&self) -> i32 {
        unsafe { raw::mcp_request_status(self.0) }
    }

    /// Its status, or MCP_PENDING.
    pub fn wait(&self, milliseconds: i64) -> i32 {
        unsafe { raw::mcp_request_wait(self.0, milliseconds) }
    }

    pub fn perform_beside(&self) -> Beside {
        beside(|out| unsafe { raw::mcp_request_perform(self.0, out) })
    }

    pub fn take_beside(&self) -> Beside {
        beside(|out| unsafe { raw::mcp_request_take_result(self.0, out) })
    }

    /// The request's own error.
    pub fn failure(&self) -> Failure {
        Failure::of(unsafe { raw::mcp_request_error(self.0) })
    }

    pub fn take_result(&self) -> Outcome<Answer> {
        answer(|out| unsafe { raw::mcp_request_take_result(self.0, out) })
    }

    /// The same for a request that has no result.
    pub fn take_no_result(&self) -> Outcome<()> {
        let mut out = ptr::dangling_mut();
        let status = unsafe { raw::mcp_request_take_result(self.0, &mut out) };
        assert!(out.is_null(), "the request has a result");
        outcome(status)
    }

    /// Performs a request that has no result.
    pub fn perform_without_result(&self) -> Outcome<()> {
        let mut out = ptr::dangling_mut();
        let status = unsafe { raw::mcp_request_perform(self.0, &mut out) };
        assert!(out.is_null(), "the request has a result");
        outcome(status)
    }
}
