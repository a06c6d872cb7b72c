//! The dialect of `initialize` and sessions: 2024-11-05 to 2025-11-25.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::protocol::call::Call;
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::dialect::{Dialect, Interpretation};
use crate::protocol::identity::Identity;
use crate::protocol::input_request::InputResponse;
use crate::protocol::notification;
use crate::protocol::outgoing::{self, Headers, LargePart, MessageBody, Outgoing};
use crate::protocol::request_meta::{RequestMeta, write_meta};
use crate::protocol::revision::Revision;
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::protocol::task::Tasks;
use crate::wire::json_members::MemberWriter;
use crate::wire::jsonrpc::{Answer, JSONRPC};

/// A session that `initialize` began.
#[derive(Debug)]
pub(crate) struct Handshake {
    revision: Revision,
    /// Servers may do without one.
    session_id: Option<String>,
    /// The header fields of every message.
    fields: Arc<str>,
}

impl Handshake {
    /// The first request. It has no headers of MCP, because there is no agreed
    /// version and no session.
    pub(crate) fn initialize(
        revision: Revision,
        identity: &Identity,
        declared: &ClientCapabilities,
        meta: &RequestMeta<'_>,
    ) -> Outgoing {
        let (capabilities, identity) = (declared.json(true), identity.json());
        let length = 2 * ENVELOPE + capabilities.len() + identity.len();
        let body = MessageBody::write(length, |json, _| {
            json.members(JSONRPC);
            json.integer("id", meta.id);
            json.string("method", "initialize");
            json.object("params", |json| {
                json.string("protocolVersion", revision.as_str());
                json.json("capabilities", &capabilities);
                json.json("clientInfo", &identity);
                if let Some(common) = meta.common {
                    json.object("_meta", |json| json.members(common.text()));
                }
            });
        });
        Outgoing { headers: Headers::default(), body }
    }

    /// The session that the result of `initialize` began.
    pub(crate) fn new(revision: Revision, session_id: Option<String>) -> Result<Self> {
        if session_id.as_ref().is_some_and(|id| !is_session_id(id)) {
            return Err(Error::protocol(
                "the server gave a session id that is not visible ASCII, which no header \
                 can hold",
            ));
        }
        let mut fields = format!("MCP-Protocol-Version: {}\r\n", revision.as_str());
        if let Some(id) = &session_id {
            fields.push_str("Mcp-Session-Id: ");
            fields.push_str(id);
            fields.push_str("\r\n");
        }
        Ok(Self { revision, session_id, fields: fields.into() })
    }

    /// The notification that follows the result of `initialize`.
    pub(crate) fn initialized(&self) -> Outgoing {
        self.outgoing(message(|json| json.string("method", "notifications/initialized")))
    }

    fn outgoing(&self, body: MessageBody) -> Outgoing {
        Outgoing { headers: self.headers(), body }
    }

    fn headers(&self) -> Headers {
        Headers::common(&self.fields)
    }
}

impl Dialect for Handshake {
    fn request(&self, call: &Call, meta: &RequestMeta<'_>) -> Result<Outgoing> {
        if call.has_context && !self.revision.has_completion_context() {
            return Err(Error::new(
                Status::Unsupported,
                format!(
                    "the server speaks {}, and completions have a context from 2025-06-18 on",
                    self.revision.as_str()
                ),
            ));
        }
        let length = call.members.len() + call.meta.len();
        let length = length + outgoing::length_of(call.arguments.as_ref());
        let body = MessageBody::write(ENVELOPE + call.method.len() + length, |json, large| {
            json.members(JSONRPC);
            json.integer("id", meta.id);
            call.write_method(json);
            write_params(json, large, call, meta);
        });
        Ok(self.outgoing(body))
    }

    fn notification(&self, call: &Call) -> Outgoing {
        self.outgoing(MessageBody::write(0, |json, large| {
            json.members(JSONRPC);
            call.write_method(json);
            write_params(json, large, call, &RequestMeta::default());
        }))
    }

    fn interpret(&self, call: &Call, answer: &Answer) -> Result<Interpretation> {
        // A server that does not know the parameter `task` runs the call at once.
        let has_task = || answer.member("task").is_some_and(|task| task != "null");
        if call.is_tool() && call.has_tasks && has_task() {
            return Tasks::ByClient.created(answer).map(Interpretation::Task);
        }
        Ok(Interpretation::Complete)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn has_requests(&self) -> bool {
        true
    }

    fn response(&self, id: &str, answered: &InputResponse) -> Option<Outgoing> {
        Some(self.outgoing(message(|json| {
            json.json("id", id);
            answered.write(json);
        })))
    }

    fn cancel(&self, id: i64, reason: &str, _is_shared: bool) -> Option<Outgoing> {
        let params = notification::cancellation(id, reason);
        let call = Call::notification(notification::CANCELLED, Some(&params)).ok()?;
        Some(self.notification(&call))
    }

    fn notification_request(
        &self,
        _interest: &Interest,
        last_event_id: Option<&str>,
    ) -> NotificationRequest {
        let mut headers = self.headers();
        let place = last_event_id.filter(|id| is_header(id));
        if let Some(id) = place {
            headers.push("Last-Event-ID", id);
        }
        NotificationRequest::Get(headers)
    }

    fn resume(&self, last_event_id: &str) -> Option<Headers> {
        if !is_header(last_event_id) {
            return None;
        }
        let mut headers = self.headers();
        headers.push("Last-Event-ID", last_event_id);
        Some(headers)
    }

    fn set_log_level(&self, level: &str) -> Option<Call> {
        Some(Call::of("logging/setLevel", |json| json.string("level", level)))
    }

    fn subscribe(&self, uri: &str, on: bool) -> Option<Call> {
        Some(Call::subscribe(uri, on))
    }

    fn tasks(&self) -> Option<Tasks> {
        self.revision.has_tasks().then_some(Tasks::ByClient)
    }

    fn has_header_params(&self) -> bool {
        false
    }

    fn end(&self) -> Option<Headers> {
        self.session_id.as_ref().map(|_| self.headers())
    }

    fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }
}

/// The room for all that a request has besides the texts of the call.
const ENVELOPE: usize = 144;

/// A JSON-RPC message.
fn message(write: impl FnOnce(&mut MemberWriter<'_>)) -> MessageBody {
    MessageBody::write(ENVELOPE, |json, _| {
        json.members(JSONRPC);
        write(json);
    })
}

/// Writes no parameters if there are none.
fn write_params(
    json: &mut MemberWriter<'_>,
    large: &mut LargePart,
    call: &Call,
    meta: &RequestMeta<'_>,
) {
    let has_meta = !call.meta.is_empty() || meta.wants_progress || meta.common.is_some();
    if call.members.is_empty() && call.arguments.is_none() && !has_meta {
        return;
    }
    json.object("params", |json| {
        json.members(&call.members);
        if let Some(arguments) = &call.arguments {
            large.write_arguments(json, arguments);
        }
        if has_meta {
            json.object("_meta", |json| {
                write_meta(json, call, meta.common);
                if meta.wants_progress {
                    json.integer("progressToken", meta.id);
                }
            });
        }
    });
}

/// Whether the value of a header can hold the text.
fn is_header(text: &str) -> bool {
    text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

/// Visible ASCII, as the specification requires. The id goes into a header.
fn is_session_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outgoing: &Outgoing) -> &str {
        std::str::from_utf8(outgoing.body.parts()[0]).unwrap()
    }

    #[test]
    fn initializes_without_headers_of_mcp() {
        let identity = Identity { name: "a\"b".into(), version: "1".into() };
        let declared = ClientCapabilities { form: true, ..ClientCapabilities::default() };
        let meta = RequestMeta { id: 2, ..RequestMeta::default() };
        let first = Handshake::initialize(Revision::HANDSHAKE, &identity, &declared, &meta);
        assert_eq!(first.headers.iter().count(), 0);
        let message: serde_json::Value = serde_json::from_str(text(&first)).unwrap();
        assert_eq!(message["params"]["protocolVersion"], "2025-11-25");
        assert_eq!(message["params"]["clientInfo"]["name"], "a\"b");
        assert_eq!(message["params"]["capabilities"]["elicitation"]["form"], serde_json::json!({}));
    }

    #[test]
    fn sends_session_and_version_with_every_message() {
        let dialect = Handshake::new(Revision::V2025_06_18, Some("s1".into())).unwrap();
        let call = Call::new("tools/call", Some("{\"name\":\"x\"}")).unwrap();
        let frame = RequestMeta { id: 7, ..RequestMeta::default() };
        let outgoing = dialect.request(&call, &frame).unwrap();
        let names: Vec<&str> = outgoing.headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["MCP-Protocol-Version", "Mcp-Session-Id"]);
        assert_eq!(
            text(&outgoing),
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}}"#
        );
        assert_eq!(dialect.end().unwrap().iter().count(), 2);
        assert!(Handshake::new(Revision::HANDSHAKE, None).unwrap().end().is_none());
    }

    #[test]
    fn refuses_a_session_id_that_would_break_a_header() {
        for id in ["", "a b", "a\r\nX: y", "\u{e9}"] {
            assert!(Handshake::new(Revision::HANDSHAKE, Some(id.into())).is_err(), "{id:?}");
        }
    }

    #[test]
    fn uses_the_id_of_the_request_as_progress_token() {
        let dialect = Handshake::new(Revision::HANDSHAKE, None).unwrap();
        let frame = RequestMeta { id: 7, wants_progress: true, ..RequestMeta::default() };
        let framed = |call: &Call| text(&dialect.request(call, &frame).unwrap()).to_owned();
        assert!(framed(&Call::ping()).ends_with(r#""params":{"_meta":{"progressToken":7}}}"#));
        let mut call = Call::tool("x", None).unwrap();
        call.set_meta(Some(r#"{"a":1}"#)).unwrap();
        assert!(
            framed(&call).ends_with(r#""params":{"name":"x","_meta":{"a":1,"progressToken":7}}}"#)
        );
    }

    #[test]
    fn responds_with_the_id_as_the_server_wrote_it() {
        let dialect = Handshake::new(Revision::HANDSHAKE, None).unwrap();
        let pong = dialect.response("\"0\"", &InputResponse::Result("{}".into())).unwrap();
        assert_eq!(text(&pong), r#"{"jsonrpc":"2.0","id":"0","result":{}}"#);
        assert!(dialect.resume("a\u{e9}").is_none());
        let NotificationRequest::Get(headers) =
            dialect.notification_request(&Interest::default(), Some("a\r\nX: y"))
        else {
            unreachable!()
        };
        assert!(headers.iter().all(|(name, _)| name != "Last-Event-ID"));
        assert_eq!(dialect.resume("e1").unwrap().iter().last().unwrap().1, "e1");
    }
}
