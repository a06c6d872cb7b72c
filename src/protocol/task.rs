//! Tasks: calls that the server runs after it has responded. There are two forms
//! of them.

use std::time::Duration;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::call::Call;
use crate::protocol::extension;
use crate::protocol::input_required::InputRequired;
use crate::protocol::server_info::ServerInfo;
use crate::wire::jsonrpc::{self, Answer, RpcError, json_reason};
use crate::wire::object::Members;

/// Which side decides that a call runs as a task, and where its result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// The client asks for a task, and requests its result (2025-11-25).
    ByClient,
    /// The server decides, if the client has declared the extension. The result
    /// is a member of the task (2026-07-28).
    ByServer,
}

/// A task, as the server last reported it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// How long the client waits before the next `tasks/get`.
    pub(crate) pause: Duration,
    pub(crate) state: TaskState,
}

#[derive(Debug)]
pub(crate) enum TaskState {
    Working,
    /// The server needs input. `None`: it sends requests once the client
    /// requests the result.
    InputRequired(Option<InputRequired>),
    /// The task has ended. The client has to request the result.
    Ended,
    /// The task has ended with this result as JSON text.
    Completed(String),
    Failed(RpcError),
    /// The task was cancelled, with the server's reason.
    Cancelled(Option<String>),
}

/// The pause if the server names none, and the bounds of the pause that it names.
const PAUSE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl Tasks {
    /// Whether the server has tasks.
    pub(crate) fn are_offered(self, server_info: &ServerInfo) -> bool {
        match self {
            Self::ByClient => server_info.has_capability("tasks"),
            Self::ByServer => server_info.has_extension(extension::TASKS),
        }
    }

    /// Whether the client may ask for a task for a `tools/call`.
    pub(crate) fn may_be_requested(self, server_info: &ServerInfo) -> bool {
        self == Self::ByClient && server_info.has_capability("tasks.requests.tools.call")
    }

    pub(crate) fn can_cancel(self, server_info: &ServerInfo) -> bool {
        match self {
            Self::ByClient => server_info.has_capability("tasks.cancel"),
            Self::ByServer => self.are_offered(server_info),
        }
    }

    /// The call with the parameters that let it run as a task. The server keeps
    /// the task for `ttl` milliseconds. With 0, the server chooses the time.
    pub(crate) fn prepare(self, call: &Call, ttl: u32) -> Call {
        let mut call = call.clone();
        call.has_tasks = true;
        if self == Self::ByClient {
            call.writer().object("task", |json| {
                if ttl > 0 {
                    json.integer("ttl", ttl.into());
                }
            });
        }
        call
    }

    /// The task that a call has become, from its result.
    pub(crate) fn created(self, answer: &Answer) -> Result<Task> {
        let json = match self {
            Self::ByClient => answer.member("task").unwrap_or_default(),
            Self::ByServer => answer.json(),
        };
        let (mut task, status, _) = task(json)?;
        if status != "working" {
            // Only `tasks/get` gives the rest.
            task.pause = Duration::ZERO;
        }
        Ok(task)
    }

    /// The task, from the result of `tasks/get`.
    pub(crate) fn read(self, answer: &Answer) -> Result<Task> {
        let json = answer.json();
        let (mut task, status, members) = task(json)?;
        task.state = match (status.as_str(), self) {
            ("working", _) => TaskState::Working,
            ("cancelled", _) => TaskState::Cancelled(members.string("statusMessage")),
            ("input_required", Self::ByClient) => TaskState::InputRequired(None),
            ("input_required", Self::ByServer) => {
                TaskState::InputRequired(Some(InputRequired::parse(json)?))
            }
            ("completed" | "failed", Self::ByClient) => TaskState::Ended,
            ("completed", Self::ByServer) => match members.get("result") {
                Some(result) if result.get().starts_with('{') => {
                    TaskState::Completed(result.get().to_owned())
                }
                _ => return Err(malformed("it is completed, and has no result")),
            },
            ("failed", Self::ByServer) => match members.get("error").map(RawValue::get) {
                Some(error) if error != "null" => TaskState::Failed(jsonrpc::parse_error(error)),
                _ => return Err(malformed("it has failed, and has no error")),
            },
            (other, _) => {
                return Err(malformed(&format!("its status is \"{}\"", quote(other))));
            }
        };
        Ok(task)
    }
}

/// The id of the task that a notification is about.
pub(crate) fn id(params: &str) -> Option<String> {
    Members::parse(params).ok()?.string("taskId")
}

/// The members that both forms have, and the status, which is not read yet.
fn task(json: &str) -> Result<(Task, String, Members<'_>)> {
    let members = Members::parse(json).map_err(|error| malformed(&json_reason(&error)))?;
    let id = members.string("taskId").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| malformed("it has no taskId"))?;
    let status = members.string("status").ok_or_else(|| malformed("it has no status"))?;
    let pause = members.get("pollIntervalMs").or_else(|| members.get("pollInterval"));
    let pause = pause.and_then(|pause| pause.get().parse::<f64>().ok());
    let pause = pause.and_then(|pause| Duration::try_from_secs_f64(pause / 1000.0).ok());
    let pause = pause.unwrap_or(PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    Ok((Task { id, pause, state: TaskState::Working }, status, members))
}

fn malformed(what: &str) -> Error {
    Error::protocol(format!("the server sent a malformed task: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Answer {
        Answer::whole(json.to_owned())
    }

    fn state(tasks: Tasks, rest: &str) -> Result<TaskState> {
        let json = format!(r#"{{"taskId":"t",{rest}}}"#);
        tasks.read(&answer(&json)).map(|task| task.state)
    }

    #[test]
    fn reads_the_task_from_the_result_of_a_call() {
        let old = r#"{"task":{"taskId":"a","status":"working","ttl":null,"pollInterval":200}}"#;
        let task = Tasks::ByClient.created(&answer(old)).unwrap();
        assert_eq!((task.id.as_str(), task.pause), ("a", Duration::from_millis(200)));
        let new = r#"{"resultType":"task","taskId":"b","status":"completed","ttlMs":1}"#;
        let task = Tasks::ByServer.created(&answer(new)).unwrap();
        assert_eq!((task.id.as_str(), task.pause), ("b", Duration::ZERO), "asked for at once");
        for wrong in [r#"{"task":{"taskId":"","status":"working"}}"#, r#"{"task":{}}"#, "{}"] {
            assert!(Tasks::ByClient.created(&answer(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keeps_the_pause_within_bounds() {
        for (rest, pause) in [
            ("", PAUSE),
            (r#","pollInterval":null"#, PAUSE),
            (r#","pollInterval":-5"#, PAUSE),
            (r#","pollInterval":"5""#, PAUSE),
            (r#","pollInterval":1e300"#, PAUSE),
            (r#","pollInterval":0"#, SHORTEST_PAUSE),
            (r#","pollIntervalMs":20.5"#, Duration::from_micros(20_500)),
            (r#","pollIntervalMs":99999999999"#, LONGEST_PAUSE),
        ] {
            let json = format!(r#"{{"taskId":"t","status":"working"{rest}}}"#);
            assert_eq!(Tasks::ByServer.read(&answer(&json)).unwrap().pause, pause, "{rest}");
        }
    }

    #[test]
    fn reads_a_task_in_either_form() {
        let working = r#""status":"working""#;
        assert!(matches!(state(Tasks::ByClient, working), Ok(TaskState::Working)));
        let done = r#""status":"completed","result":{"content":[ ]}"#;
        assert!(matches!(state(Tasks::ByClient, done), Ok(TaskState::Ended)));
        let Ok(TaskState::Completed(json)) = state(Tasks::ByServer, done) else { unreachable!() };
        assert_eq!(json, r#"{"content":[ ]}"#, "as the server wrote it");
        let failed = r#""status":"failed","error":{"code":-5,"message":"no","data":[1]}"#;
        assert!(matches!(state(Tasks::ByClient, failed), Ok(TaskState::Ended)));
        let Ok(TaskState::Failed(error)) = state(Tasks::ByServer, failed) else { unreachable!() };
        assert_eq!((error.code, error.data.as_deref()), (-5, Some("[1]")));
        let failed = r#""status":"failed","error":"disk is full""#;
        let Ok(TaskState::Failed(error)) = state(Tasks::ByServer, failed) else { unreachable!() };
        assert_eq!((error.code, error.message.as_str()), (0, "disk is full"));
        let asks = r#""status":"input_required","inputRequests":{"k":{"method":"roots/list"}}"#;
        assert!(matches!(state(Tasks::ByClient, asks), Ok(TaskState::InputRequired(None))));
        let Ok(TaskState::InputRequired(Some(input))) = state(Tasks::ByServer, asks) else {
            unreachable!()
        };
        assert_eq!(input.requests[0].0, "k");
        let gone = r#""status":"cancelled","statusMessage":"why""#;
        let Ok(TaskState::Cancelled(why)) = state(Tasks::ByClient, gone) else { unreachable!() };
        assert_eq!(why.as_deref(), Some("why"));
        for wrong in [
            r#""status":"asleep""#,
            r#""status":1"#,
            r#""status":"completed""#,
            r#""status":"completed","result":null"#,
            r#""status":"completed","result":[]"#,
            r#""status":"completed","result":"x""#,
            r#""status":"failed""#,
            r#""status":"input_required""#,
            r#""status":"input_required","inputRequests":{}"#,
        ] {
            assert!(state(Tasks::ByServer, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn asks_for_a_task_only_in_the_form_that_the_client_asks_for() {
        let call = Call::tool("x", None).unwrap();
        let asked = |ttl| Tasks::ByClient.prepare(&call, ttl).members;
        assert_eq!(asked(0), r#""name":"x","task":{}"#);
        assert_eq!(asked(9), r#""name":"x","task":{"ttl":9}"#);
        let decided = Tasks::ByServer.prepare(&call, 9);
        assert_eq!((decided.members.as_str(), decided.has_tasks), (r#""name":"x""#, true));
    }

    #[test]
    fn cuts_long_text_of_the_server_in_errors() {
        let json = format!(r#"{{"task":"{}"}}"#, "x".repeat(5000));
        let message =
            Tasks::ByClient.created(&Answer::whole(json)).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
