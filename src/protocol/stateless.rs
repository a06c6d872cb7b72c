//! The dialect without handshake and session: 2026-07-28.

use std::sync::Arc;

use crate::base::error::{Error, Result, quote};
use crate::protocol::call::Call;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::dialect::{Dialect, Interpretation};
use crate::protocol::identity::Identity;
use crate::protocol::input_request::InputResponse;
use crate::protocol::input_required::InputRequired;
use crate::protocol::notification;
use crate::protocol::outgoing::{self, Headers, LargePart, MessageBody, Outgoing};
use crate::protocol::request_meta::{RequestMeta, write_meta};
use crate::protocol::revision::Revision;
use crate::protocol::routing;
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::protocol::task::Tasks;
use crate::wire::json_members::MemberWriter;
use crate::wire::jsonrpc::{Answer, JSONRPC};

/// The members that go with every request. They are written once.
#[derive(Debug)]
pub(crate) struct Stateless {
    revision: Revision,
    /// The members of `_meta` that the protocol requires, without braces.
    meta: String,
    /// The same for requests about tasks and for calls that may run as one.
    task_meta: String,
    /// The header fields of every message.
    fields: Arc<str>,
}

impl Stateless {
    pub(crate) fn new(
        revision: Revision,
        identity: &Identity,
        declared: &ClientCapabilities,
    ) -> Self {
        let meta = |capabilities: String| {
            let identity = identity.json();
            let mut meta = String::with_capacity(META + capabilities.len() + identity.len());
            let mut json = MemberWriter::members_of(&mut meta);
            json.string("io.modelcontextprotocol/protocolVersion", revision.as_str());
            json.json("io.modelcontextprotocol/clientCapabilities", &capabilities);
            json.json("io.modelcontextprotocol/clientInfo", &identity);
            meta
        };
        let task_meta = meta(declared.with_tasks().json(false));
        let meta = meta(declared.json(false));
        let fields = format!("MCP-Protocol-Version: {}\r\n", revision.as_str()).into();
        Self { revision, meta, task_meta, fields }
    }

    /// `server/discover`, which is the ping of this dialect as well.
    pub(crate) fn discover(&self, ping: &Call, meta: &RequestMeta<'_>) -> Outgoing {
        let body = MessageBody::write(96 + self.meta.len(), |json, _| {
            json.members(JSONRPC);
            json.integer("id", meta.id);
            json.json("method", DISCOVER_JSON);
            json.object("params", |json| {
                json.object("_meta", |json| {
                    json.members(&self.meta);
                    write_meta(json, ping, meta.common);
                });
            });
        });
        Outgoing { headers: self.headers(DISCOVER), body }
    }

    fn headers(&self, method: &str) -> Headers {
        let mut headers = Headers::common(&self.fields);
        headers.push("Mcp-Method", method);
        headers
    }

    /// The parameters of the application and those that the protocol adds.
    fn write_params(
        &self,
        json: &mut MemberWriter<'_>,
        large: &mut LargePart,
        call: &Call,
        meta: &RequestMeta<'_>,
    ) {
        json.object("params", |json| {
            json.object("_meta", |json| {
                json.members(if call.has_tasks { &self.task_meta } else { &self.meta });
                if meta.wants_progress {
                    json.integer("progressToken", meta.id);
                }
                if let Some(level) = meta.log_level {
                    json.string("io.modelcontextprotocol/logLevel", level);
                }
                write_meta(json, call, meta.common);
            });
            json.members(&call.members);
            if let Some(arguments) = &call.arguments {
                large.write_arguments(json, arguments);
            }
            let Some(retry) = meta.retry else { return };
            if let Some(responses) = &retry.responses {
                json.json("inputResponses", responses);
            }
            if let Some(state) = &retry.state {
                json.json("requestState", state);
            }
        });
    }
}

impl Dialect for Stateless {
    fn request(&self, call: &Call, meta: &RequestMeta<'_>) -> Result<Outgoing> {
        if call.is_ping() {
            return Ok(self.discover(call, meta));
        }
        let mut headers = self.headers(&call.method);
        if let Some(name) = &call.name {
            headers.push("Mcp-Name", &routing::encode(name));
        }
        for (name, value) in meta.header_params {
            headers.push(&format!("Mcp-Param-{name}"), value);
        }
        let length = ENVELOPE + call.method.len() + self.task_meta.len();
        let length = length + call.members.len() + call.meta.len();
        let length = length + outgoing::length_of(call.arguments.as_ref());
        let body = MessageBody::write(length, |json, large| {
            json.members(JSONRPC);
            json.integer("id", meta.id);
            call.write_method(json);
            self.write_params(json, large, call, meta);
        });
        Ok(Outgoing { headers, body })
    }

    fn notification(&self, call: &Call) -> Outgoing {
        let body = MessageBody::write(0, |json, large| {
            json.members(JSONRPC);
            call.write_method(json);
            self.write_params(json, large, call, &RequestMeta::default());
        });
        Outgoing { headers: self.headers(&call.method), body }
    }

    fn interpret(&self, call: &Call, answer: &Answer) -> Result<Interpretation> {
        match answer.member("resultType") {
            None | Some("null" | "\"complete\"") => Ok(Interpretation::Complete),
            Some("\"input_required\"") if may_require_input(call) => {
                InputRequired::parse(answer.json()).map(Interpretation::InputRequired)
            }
            Some("\"input_required\"") => Err(Error::protocol(format!(
                "the server sent an input_required result to {}, which is not allowed",
                call.method
            ))),
            Some("\"task\"") if call.is_tool() && call.has_tasks => {
                Tasks::ByServer.created(answer).map(Interpretation::Task)
            }
            Some(other) => Err(Error::protocol(format!(
                "the server sent a result of an unexpected type: {}",
                quote(other)
            ))),
        }
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    /// A server may not send requests in this dialect, and the client may not
    /// answer them.
    fn has_requests(&self) -> bool {
        false
    }

    fn response(&self, _id: &str, _answered: &InputResponse) -> Option<Outgoing> {
        None
    }

    /// On a shared connection, the client cancels a request by a notification.
    /// Otherwise it closes the stream of the response.
    fn cancel(&self, id: i64, reason: &str, is_shared: bool) -> Option<Outgoing> {
        let params = notification::cancellation(id, reason);
        let call = Call::notification(notification::CANCELLED, Some(&params)).ok()?;
        is_shared.then(|| self.notification(&call))
    }

    fn notification_request(
        &self,
        interest: &Interest,
        _last_event_id: Option<&str>,
    ) -> NotificationRequest {
        let mut call = Call::of("subscriptions/listen", |json| {
            json.object("notifications", |json| {
                for (is_wanted, name) in [
                    (interest.tools, "toolsListChanged"),
                    (interest.prompts, "promptsListChanged"),
                    (interest.resources, "resourcesListChanged"),
                ] {
                    if is_wanted {
                        json.json(name, "true");
                    }
                }
                if !interest.uris.is_empty() {
                    json.strings("resourceSubscriptions", &interest.uris);
                }
                if !interest.tasks.is_empty() {
                    json.strings("taskIds", &interest.tasks);
                }
            });
        });
        call.has_tasks = !interest.tasks.is_empty();
        NotificationRequest::Listen(call)
    }

    fn resume(&self, _last_event_id: &str) -> Option<Headers> {
        None
    }

    fn set_log_level(&self, _level: &str) -> Option<Call> {
        None
    }

    fn subscribe(&self, _uri: &str, _on: bool) -> Option<Call> {
        None
    }

    fn tasks(&self) -> Option<Tasks> {
        Some(Tasks::ByServer)
    }

    fn has_header_params(&self) -> bool {
        true
    }

    fn end(&self) -> Option<Headers> {
        None
    }

    fn session_id(&self) -> Option<&str> {
        None
    }
}

/// The room for all that a request has besides the texts of the call and the
/// members that go with every request.
const ENVELOPE: usize = 192;

/// The room for the members of `_meta` besides the texts of the client.
const META: usize = 160;

const DISCOVER: &str = "server/discover";
/// The same as JSON text: a ping writes it without a search for escapes.
const DISCOVER_JSON: &str = "\"server/discover\"";

/// The methods whose result may be an `InputRequiredResult`.
fn may_require_input(call: &Call) -> bool {
    matches!(&*call.method, "tools/call" | "resources/read" | "prompts/get")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::Status;
    use crate::protocol::input_required::RetryParams;

    fn dialect() -> Stateless {
        let identity = Identity { name: "app".into(), version: "1".into() };
        Stateless::new(Revision::STATELESS, &identity, &ClientCapabilities::default())
    }

    fn request(call: &Call, frame: &RequestMeta<'_>) -> (Headers, serde_json::Value) {
        let outgoing = dialect().request(call, frame).unwrap();
        (outgoing.headers, serde_json::from_str(&outgoing.body.text()).unwrap())
    }

    fn header<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
        headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    #[test]
    fn pings_with_server_discover() {
        let (headers, message) =
            request(&Call::ping(), &RequestMeta { id: 3, ..RequestMeta::default() });
        assert_eq!(message["method"], "server/discover");
        let meta = &message["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], serde_json::json!({}));
        assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "app");
        assert_eq!(header(&headers, "MCP-Protocol-Version"), Some("2026-07-28"));
        assert_eq!(header(&headers, "Mcp-Method"), Some("server/discover"));
    }

    #[test]
    fn adds_to_the_parameters_only_what_is_set() {
        let mut call = Call::tool("x", Some(r#"{"b":1.50}"#)).unwrap();
        call.set_meta(Some(r#"{"a":1}"#)).unwrap();
        let retry =
            RetryParams { responses: Some("{\"k\":{}}".into()), state: Some("\"s\"".into()) };
        let header_params = [("Region".to_owned(), "us".to_owned())];
        let frame = RequestMeta {
            id: 9,
            wants_progress: true,
            log_level: Some("info"),
            retry: Some(&retry),
            header_params: &header_params,
            common: None,
        };
        let (headers, message) = request(&call, &frame);
        let params = &message["params"];
        assert_eq!(params["_meta"]["a"], 1);
        assert_eq!(params["_meta"]["progressToken"], 9);
        assert_eq!(params["_meta"]["io.modelcontextprotocol/logLevel"], "info");
        assert_eq!(params["inputResponses"]["k"], serde_json::json!({}));
        assert_eq!(params["requestState"], "s");
        assert_eq!(header(&headers, "Mcp-Name"), Some("x"));
        assert_eq!(header(&headers, "Mcp-Param-Region"), Some("us"));

        let (headers, message) =
            request(&Call::new("tools/list", None).unwrap(), &RequestMeta::default());
        let params = message["params"].as_object().unwrap();
        assert_eq!(params.len(), 1);
        assert_eq!(params["_meta"].as_object().unwrap().len(), 3);
        assert_eq!(headers.iter().count(), 2);
    }

    #[test]
    fn refuses_results_of_a_kind_that_was_not_requested() {
        let tool = Call::tool("x", None).unwrap();
        let list = Call::new("tools/list", None).unwrap();
        let interpret = |call: &Call, result: &str| {
            dialect().interpret(call, &Answer::whole(result.to_owned()))
        };
        for result in ["{}", r#"{"resultType":"complete"}"#, r#"{"\u0072esultType":"complete"}"#] {
            assert!(matches!(interpret(&tool, result), Ok(Interpretation::Complete)), "{result}");
        }
        assert!(interpret(&tool, r#"{"resultType":"task"}"#).is_err());
        assert!(interpret(&tool, r#"{"result\u0054ype":"task"}"#).is_err());
        let task = r#"{"resultType":"task","taskId":"t","status":"working"}"#;
        assert!(interpret(&tool, task).is_err());
        let prepared = Tasks::ByServer.prepare(&tool, 0);
        assert!(
            matches!(interpret(&prepared, task), Ok(Interpretation::Task(task)) if task.id == "t")
        );
        assert!(interpret(&Tasks::ByServer.prepare(&list, 0), task).is_err(), "only tools");
        let asks = r#"{"resultType":"input_required","requestState":"a\/b",
            "inputRequests":{"k":{"method":"roots/list","params":{"a":1}}}}"#;
        assert_eq!(interpret(&list, asks).unwrap_err().status(), Status::Protocol);
        let Ok(Interpretation::InputRequired(asked)) = interpret(&tool, asks) else {
            unreachable!()
        };
        assert_eq!(asked.state.as_deref(), Some(r#""a\/b""#), "as the server wrote it");
        assert_eq!(asked.requests[0].1, "roots/list");
        assert!(interpret(&tool, r#"{"resultType":"input_required"}"#).is_err());
    }

    #[test]
    fn listens_to_the_notifications_that_are_wanted() {
        let interest = Interest { tools: true, uris: vec!["a:\"b".into()], ..Interest::default() };
        let NotificationRequest::Listen(call) = dialect().notification_request(&interest, None)
        else {
            unreachable!()
        };
        let (_, message) = request(&call, &RequestMeta { id: 1, ..RequestMeta::default() });
        assert_eq!(
            message["params"]["notifications"],
            serde_json::json!({"toolsListChanged": true, "resourceSubscriptions": ["a:\"b"]})
        );
    }

    #[test]
    fn answers_no_request_and_has_no_session() {
        assert!(dialect().response("1", &InputResponse::Result("{}".into())).is_none());
        assert!(dialect().cancel(1, "", false).is_none() && dialect().end().is_none());
    }
}
