//! Tasks: calls, getters and a test server.

use std::marker::PhantomData;
use std::ptr;

use mcp_test_server::await_true;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::{Value, json};

use crate::constants::{MCP_ALLOW_TASKS, MCP_INPUT_FORM};
use crate::results::sized_json;
use crate::{
    Answer, Client, Failure, HttpServer, Input, Outcome, Request, SOON, c, outcome, raw, text,
};

type Out = *mut *mut raw::mcp_result;

fn answer(call: impl FnOnce(Out) -> i32) -> Outcome<Answer> {
    let mut out = ptr::null_mut();
    let status = call(&mut out);
    assert_eq!(status == 0, !out.is_null(), "a result where there is one");
    outcome(status)?;
    Ok(Answer(out))
}

impl Client {
    pub fn set_tasks(&self, allow: bool) {
        self.set_allow(MCP_ALLOW_TASKS, allow).unwrap();
    }

    pub fn get_task(&self, id: &str) -> Outcome<Answer> {
        let id = c(id);
        answer(|out| unsafe { raw::mcp_get_task(self.0, id.as_ptr(), out) })
    }

    pub fn get_task_result(&self, id: &str) -> Outcome<Answer> {
        let id = c(id);
        answer(|out| unsafe { raw::mcp_get_task_result(self.0, id.as_ptr(), out) })
    }

    pub fn cancel_task(&self, id: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_cancel_task(self.0, c(id).as_ptr()) })
    }

    pub fn list_tasks(&self) -> Outcome<Answer> {
        let request = self.request("tasks/list", None)?;
        request.set_all_pages(true)?;
        request.perform()
    }
}

impl Request {
    pub fn set_task(&self, ttl_milliseconds: i64) -> Outcome<()> {
        outcome(unsafe { raw::mcp_request_set_task(self.0, ttl_milliseconds) })
    }
}

/// A task, borrowed from its answer.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a>(*const raw::mcp_task, PhantomData<&'a ()>);

impl Task<'_> {
    pub fn id(&self) -> Option<String> {
        text(unsafe { raw::mcp_task_id(self.0) })
    }

    pub fn status(&self) -> Option<String> {
        text(unsafe { raw::mcp_task_status(self.0) })
    }

    pub fn message(&self) -> Option<String> {
        text(unsafe { raw::mcp_task_message(self.0) })
    }

    pub fn created(&self) -> Option<String> {
        Some(self.json()["createdAt"].as_str()?.to_owned())
    }

    pub fn updated(&self) -> Option<String> {
        Some(self.json()["lastUpdatedAt"].as_str()?.to_owned())
    }

    pub fn ttl(&self) -> i64 {
        unsafe { raw::mcp_task_ttl(self.0) }
    }

    pub fn poll_interval(&self) -> i64 {
        unsafe { raw::mcp_task_poll_interval(self.0) }
    }

    pub fn json(&self) -> Value {
        sized_json(|len| unsafe { raw::mcp_task_json(self.0, len) }).unwrap()
    }
}

impl Answer {
    pub fn tasks(&self) -> Vec<Task<'_>> {
        let count = unsafe { raw::mcp_result_task_count(self.0) };
        assert!(unsafe { raw::mcp_result_task(self.0, count) }.is_null(), "past the end");
        let get = |index| Task(unsafe { raw::mcp_result_task(self.0, index) }, PhantomData);
        (0..count).map(get).collect()
    }

    /// The task that the answer is.
    fn task(&self) -> Task<'_> {
        Task(unsafe { raw::mcp_result_task(self.0, 0) }, PhantomData)
    }

    pub fn task_id(&self) -> Option<String> {
        self.task().id()
    }

    pub fn task_status(&self) -> Option<String> {
        self.task().status()
    }

    pub fn task_message(&self) -> Option<String> {
        self.task().message()
    }
}

/// The id and the status of an event's task.
pub(crate) fn task_of(event: *const raw::mcp_event) -> Option<(String, String)> {
    let task = unsafe { raw::mcp_event_task(event) };
    let task = (!task.is_null()).then_some(Task(task, PhantomData))?;
    Some((task.id().unwrap(), task.status().unwrap()))
}

// What the tests of tasks share.

pub const TOOL: &str = "task-required";

pub fn offer() -> Offer {
    Offer { tasks: true, ..Offer::default() }
}

pub fn stateless() -> HttpServer {
    HttpServer::new(Config::stateless(offer()))
}

pub fn handshake() -> HttpServer {
    HttpServer::new(Config::handshake(offer()))
}

pub fn eras() -> [HttpServer; 2] {
    [stateless(), handshake()]
}

/// Each server on a thread of its own, for tests that wait.
pub fn in_each_era(test: impl Fn(HttpServer) + Sync) {
    std::thread::scope(|scope| {
        for served in eras() {
            scope.spawn(|| test(served));
        }
    });
}

/// A server that ends the work on its tasks when a poll comes for which it `is_time`.
pub fn ends_at_poll(
    served: &HttpServer,
    is_time: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> HttpServer {
    HttpServer::before(served.mcp.config.clone(), move |count, mcp, request| {
        if request.rpc_method() == "tasks/get" && is_time(count) {
            mcp.finish_tasks();
        }
        mcp.handle(request)
    })
}

impl HttpServer {
    /// Waits until so many tasks are in a status.
    pub fn awaits_tasks_in(&self, status: &str, count: usize) {
        let is_there = await_true(SOON, || self.mcp.tasks_in(status) == count);
        assert!(is_there, "{} of {count} {status}", self.mcp.tasks_in(status));
    }
}

/// A client that waits through tasks.
pub fn following(served: &HttpServer) -> Client {
    let client = served.client();
    client.set_tasks(true);
    client
}

pub fn form(message: &str) -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": message,
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}})
}

pub fn named(name: &str) -> Value {
    json!({"action": "accept", "content": {"name": name}})
}

/// A client whose forms are filled in with their own messages.
pub fn answering(served: &HttpServer) -> Client {
    let client = following(served);
    let fill = |input: Input| input.accept(Some(json!({"name": input.message()}))).unwrap();
    client.set_input_handler(MCP_INPUT_FORM, fill).unwrap();
    client
}

/// A request of which the task is handed out.
pub fn handed_out(client: &Client, tool: &str, arguments: Value) -> Request {
    let request = client.tool_request(tool, arguments).unwrap();
    request.set_task(0).unwrap();
    request
}

pub fn begun(client: &Client, arguments: Value) -> String {
    handed_out(client, TOOL, arguments).perform().unwrap().task_id().expect("a task")
}

/// No id of a task, which ends so on this server.
pub fn is_masked(failure: &Failure) -> bool {
    !failure.everything().contains("s3cret")
}
