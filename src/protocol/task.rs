//! Tasks: what a server says of work that goes on after it has answered, in
//! the two forms that there are.

use std::time::Duration;

use crate::base::error::{Error, Result, quote};
use crate::protocol::call::{Call, push_member};
use crate::protocol::extension;
use crate::protocol::input_required::InputRequired;
use crate::protocol::server_info::ServerInfo;
use crate::wire::jsonrpc::{self, Answer, RpcError, said};
use crate::wire::object::Members;

/// Who decides that a call runs as a task, and where its result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tasks {
    /// The client asks for it, and calls for the result (2025-11-25).
    Asked,
    /// The server decides, if the client has declared the extension; the
    /// result is a part of how the task stands (2026-07-28).
    Decided,
}

/// A task, as a server last told of it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    /// Before it is asked for again.
    pub(crate) pause: Duration,
    pub(crate) state: State,
}

#[derive(Debug)]
pub(crate) enum State {
    Working,
    /// The server asks something: by requests of its own, once the result is
    /// called for, or by these.
    Asking(Option<InputRequired>),
    /// Over, and the result has to be called for.
    Ended,
    /// Over, with this result as JSON text.
    Completed(String),
    Failed(RpcError),
    /// With the server's words.
    Cancelled(Option<String>),
}

/// The pause where the server names none, and the bounds of what it names.
const PAUSE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

impl Tasks {
    /// Whether the server has tasks at all.
    pub(crate) fn are_there(self, server_info: &ServerInfo) -> bool {
        match self {
            Self::Asked => server_info.has_capability("tasks"),
            Self::Decided => server_info.has_extension(extension::TASKS),
        }
    }

    /// Whether a call of a tool may be asked to run as one.
    pub(crate) fn may_be_asked(self, server_info: &ServerInfo) -> bool {
        self == Self::Asked && server_info.has_capability("tasks.requests.tools.call")
    }

    pub(crate) fn can_cancel(self, server_info: &ServerInfo) -> bool {
        match self {
            Self::Asked => server_info.has_capability("tasks.cancel"),
            Self::Decided => self.are_there(server_info),
        }
    }

    pub(crate) fn can_list(self, server_info: &ServerInfo) -> bool {
        self == Self::Asked && server_info.has_capability("tasks.list")
    }

    /// The call as it has to be sent so that it may run as a task, which is
    /// to be kept for `ttl` milliseconds; 0 leaves that to the server.
    pub(crate) fn prepare(self, call: &Call, ttl: u32) -> Call {
        let mut call = call.clone();
        call.has_tasks = true;
        if self == Self::Asked {
            let task = if ttl > 0 { format!("{{\"ttl\":{ttl}}}") } else { "{}".to_owned() };
            push_member(&mut call.members, "task", &task);
        }
        call
    }

    /// The task that a call has become, by its answer.
    pub(crate) fn begun(self, answer: &Answer) -> Result<Task> {
        let json = match self {
            Self::Asked => answer.member("task").unwrap_or_default(),
            Self::Decided => answer.json(),
        };
        let (mut task, status, _) = task(json)?;
        if status != "working" {
            // What there is beside that is only told when it is asked for.
            task.pause = Duration::ZERO;
        }
        Ok(task)
    }

    /// How a task stands, by the answer to `tasks/get`.
    pub(crate) fn read(self, answer: &Answer) -> Result<Task> {
        let json = answer.json();
        let (mut task, status, members) = task(json)?;
        task.state = match (status.as_str(), self) {
            ("working", _) => State::Working,
            ("cancelled", _) => State::Cancelled(members.string("statusMessage")),
            ("input_required", Self::Asked) => State::Asking(None),
            ("input_required", Self::Decided) => State::Asking(Some(InputRequired::parse(json)?)),
            ("completed" | "failed", Self::Asked) => State::Ended,
            ("completed", Self::Decided) => match members.get("result") {
                Some(result) if result.get().starts_with('{') => {
                    State::Completed(result.get().to_owned())
                }
                _ => return Err(malformed("it is completed, and has no result")),
            },
            ("failed", Self::Decided) => match members.get("error") {
                Some(error) => State::Failed(jsonrpc::parse_error(error.get())?),
                None => return Err(malformed("it has failed, and has no error")),
            },
            (other, _) => {
                return Err(malformed(&format!("its status is \"{}\"", quote(other))));
            }
        };
        Ok(task)
    }
}

/// The task that a notification is about.
pub(crate) fn id(params: &str) -> Option<String> {
    Members::parse(params).ok()?.string("taskId")
}

/// What all tasks have; the status is still to be made something of.
fn task(json: &str) -> Result<(Task, String, Members<'_>)> {
    let members = Members::parse(json).map_err(|error| malformed(&said(&error)))?;
    let id = members.string("taskId").filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| malformed("it has no taskId"))?;
    let status = members.string("status").ok_or_else(|| malformed("it has no status"))?;
    let pause = members.get("pollIntervalMs").or_else(|| members.get("pollInterval"));
    let pause = pause.and_then(|pause| pause.get().parse::<f64>().ok());
    let pause = pause.and_then(|pause| Duration::try_from_secs_f64(pause / 1000.0).ok());
    let pause = pause.unwrap_or(PAUSE).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    Ok((Task { id, pause, state: State::Working }, status, members))
}

fn malformed(what: &str) -> Error {
    Error::protocol(format!("the server tells of a task in a malformed way: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &str) -> Answer {
        Answer::whole(json.to_owned())
    }

    fn state(tasks: Tasks, rest: &str) -> Result<State> {
        let json = format!(r#"{{"taskId":"t",{rest}}}"#);
        tasks.read(&answer(&json)).map(|task| task.state)
    }

    #[test]
    fn finds_the_task_that_a_call_has_become() {
        let old = r#"{"task":{"taskId":"a","status":"working","ttl":null,"pollInterval":200}}"#;
        let task = Tasks::Asked.begun(&answer(old)).unwrap();
        assert_eq!((task.id.as_str(), task.pause), ("a", Duration::from_millis(200)));
        let new = r#"{"resultType":"task","taskId":"b","status":"completed","ttlMs":1}"#;
        let task = Tasks::Decided.begun(&answer(new)).unwrap();
        assert_eq!((task.id.as_str(), task.pause), ("b", Duration::ZERO), "asked for at once");
        for wrong in [r#"{"task":{"taskId":"","status":"working"}}"#, r#"{"task":{}}"#, "{}"] {
            assert!(Tasks::Asked.begun(&answer(wrong)).is_err(), "{wrong}");
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
            assert_eq!(Tasks::Decided.read(&answer(&json)).unwrap().pause, pause, "{rest}");
        }
    }

    #[test]
    fn reads_how_a_task_stands_in_either_form() {
        let working = r#""status":"working""#;
        assert!(matches!(state(Tasks::Asked, working), Ok(State::Working)));
        let done = r#""status":"completed","result":{"content":[ ]}"#;
        assert!(matches!(state(Tasks::Asked, done), Ok(State::Ended)));
        let Ok(State::Completed(json)) = state(Tasks::Decided, done) else { unreachable!() };
        assert_eq!(json, r#"{"content":[ ]}"#, "as the server wrote it");
        let failed = r#""status":"failed","error":{"code":-5,"message":"no","data":[1]}"#;
        assert!(matches!(state(Tasks::Asked, failed), Ok(State::Ended)));
        let Ok(State::Failed(error)) = state(Tasks::Decided, failed) else { unreachable!() };
        assert_eq!((error.code, error.data.as_deref()), (-5, Some("[1]")));
        let asks = r#""status":"input_required","inputRequests":{"k":{"method":"roots/list"}}"#;
        assert!(matches!(state(Tasks::Asked, asks), Ok(State::Asking(None))));
        let Ok(State::Asking(Some(round))) = state(Tasks::Decided, asks) else { unreachable!() };
        assert_eq!(round.requests[0].0, "k");
        let gone = r#""status":"cancelled","statusMessage":"why""#;
        let Ok(State::Cancelled(why)) = state(Tasks::Asked, gone) else { unreachable!() };
        assert_eq!(why.as_deref(), Some("why"));
        for wrong in [
            r#""status":"asleep""#,
            r#""status":1"#,
            r#""status":"completed""#,
            r#""status":"completed","result":[]"#,
            r#""status":"failed""#,
            r#""status":"failed","error":{}"#,
            r#""status":"input_required""#,
            r#""status":"input_required","inputRequests":{}"#,
        ] {
            assert!(state(Tasks::Decided, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn asks_for_a_task_only_where_that_is_the_clients_business() {
        let call = Call::tool("x", None).unwrap();
        let asked = |ttl| Tasks::Asked.prepare(&call, ttl).members;
        assert_eq!(asked(0), r#""name":"x","task":{}"#);
        assert_eq!(asked(9), r#""name":"x","task":{"ttl":9}"#);
        let decided = Tasks::Decided.prepare(&call, 9);
        assert_eq!((decided.members.as_str(), decided.has_tasks), (r#""name":"x""#, true));
    }

    #[test]
    fn cuts_the_words_of_a_peer_in_what_it_says() {
        let json = format!(r#"{{"task":"{}"}}"#, "x".repeat(5000));
        let message = Tasks::Asked.begun(&Answer::whole(json)).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
