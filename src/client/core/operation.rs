//! What a request does.

use crate::base::error::{Error, Result};
use crate::protocol::call::Call;
use crate::protocol::server_info::ServerInfo;
use crate::wire::jsonrpc::Answer;

/// What a request does: it calls a method of the server, or it does something
/// for which the client has state as well.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Call(Call),
    Connect,
    /// The sum of the numbers of the kinds of notifications.
    Listen(i32),
    Subscribe(String),
    Unsubscribe(String),
    SetLogLevel(&'static str),
    Notify(Call),
    /// The id of the task.
    Task(TaskRequest, String),
    SignIn,
    SignOut,
    Close,
}

/// What an application wants of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskRequest {
    State,
    /// Its result, for which the library waits.
    Result,
    Cancel,
}

/// The result of an operation that succeeded.
#[derive(Debug)]
pub(crate) enum OperationResult {
    /// The operation has no result.
    None,
    /// The response of the server.
    Answer(Answer),
    /// The responses of the server, one for each page of a list.
    Answers(Vec<Answer>),
    Server(Box<ServerInfo>),
}

impl OperationResult {
    /// The error of a result that does not match its schema.
    pub(crate) fn mismatch(&self) -> Option<&Error> {
        match self {
            Self::Answer(answer) => answer.mismatch(),
            Self::Answers(pages) => pages.iter().find_map(Answer::mismatch),
            Self::None | Self::Server(_) => None,
        }
    }
}

impl Operation {
    /// The operation that asks for something about a task.
    pub(crate) fn task(what: TaskRequest, id: &str) -> Result<Self> {
        if id.is_empty() {
            return Err(Error::argument("task_id is empty"));
        }
        Ok(Self::Task(what, id.to_owned()))
    }

    /// Whether it sends a message of its own, so that a header of the request
    /// has an effect.
    pub(crate) fn has_message(&self) -> bool {
        !matches!(
            self,
            Self::Connect | Self::Listen(_) | Self::SignIn | Self::SignOut | Self::Close
        )
    }

    /// The method, as errors name it. An operation without a method of one name
    /// has the name of its function.
    pub(crate) fn method(&self) -> &str {
        match self {
            Self::Call(call) | Self::Notify(call) => call.method(),
            Self::Connect => "connect",
            Self::Listen(_) => "listen",
            Self::Subscribe(_) => "resources/subscribe",
            Self::Unsubscribe(_) => "resources/unsubscribe",
            Self::SetLogLevel(_) => "logging/setLevel",
            Self::Task(TaskRequest::State, _) => "tasks/get",
            Self::Task(TaskRequest::Result, _) => "tasks/result",
            Self::Task(TaskRequest::Cancel, _) => "tasks/cancel",
            Self::SignIn => "sign in",
            Self::SignOut => "sign out",
            Self::Close => "close",
        }
    }

    pub(crate) fn is_tool_call(&self) -> bool {
        matches!(self, Self::Call(call) if call.is_tool())
    }

    /// The call, for an option that only calls have.
    pub(crate) fn call(&self, option: &str) -> Result<&Call> {
        match self {
            Self::Call(call) => Ok(call),
            other => Err(other.has_no(option)),
        }
    }

    /// Sets the application's members of the message's `_meta`.
    pub(crate) fn set_meta(&mut self, json: Option<&str>) -> Result<()> {
        match self {
            Self::Call(call) | Self::Notify(call) => call.set_meta(json),
            other => Err(other.has_no("_meta")),
        }
    }

    fn has_no(&self, option: &str) -> Error {
        Error::argument(format!(
            "a request for \"{}\" has no {option}: only requests that call a method have it",
            self.method()
        ))
    }
}
