//! The era of `initialize` and sessions: 2024-11-05 to 2025-11-25.

use std::fmt::Write;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result};
use crate::protocol::revision::Revision;
use crate::protocol::{Call, Era, Headers, Identity, Outgoing};
use crate::wire::jsonrpc;

/// A session that `initialize` has made.
#[derive(Debug)]
pub(crate) struct Handshake {
    revision: Revision,
    /// Not every server gives one.
    session_id: Option<String>,
}

impl Handshake {
    /// The first message: no header of MCP goes with it, because no version
    /// is agreed on and no session exists.
    pub(crate) fn initialize(revision: Revision, identity: &Identity, id: i64) -> Outgoing {
        let body = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"initialize\",\"params\":{{\
             \"protocolVersion\":\"{}\",\"capabilities\":{{}},\"clientInfo\":{}}}}}",
            revision.as_str(),
            identity.json()
        );
        Outgoing { headers: Vec::new(), body: body.into_bytes() }
    }

    /// The session that the answer to `initialize` began.
    pub(crate) fn new(revision: Revision, session_id: Option<String>) -> Result<Self> {
        if session_id.as_ref().is_some_and(|id| !is_session_id(id)) {
            return Err(Error::protocol(
                "the server gave a session id that is not visible ASCII, which no header \
                 can hold",
            ));
        }
        Ok(Self { revision, session_id })
    }

    /// The message that must follow the answer to `initialize`.
    pub(crate) fn initialized(&self) -> Outgoing {
        self.outgoing("{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}".to_owned())
    }

    fn outgoing(&self, body: String) -> Outgoing {
        Outgoing { headers: self.headers(), body: body.into_bytes() }
    }

    fn headers(&self) -> Headers {
        let mut headers = Vec::with_capacity(2);
        headers.push(("MCP-Protocol-Version", self.revision.as_str().into()));
        if let Some(id) = &self.session_id {
            headers.push(("Mcp-Session-Id", id.clone().into()));
        }
        headers
    }
}

impl Era for Handshake {
    fn frame(&self, call: &Call, id: i64) -> Result<Outgoing> {
        let mut body = String::with_capacity(64 + call.params.as_ref().map_or(0, String::len));
        let _ = write!(body, "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":");
        jsonrpc::push_string(&mut body, &call.method);
        if let Some(params) = &call.params {
            body.push_str(",\"params\":");
            body.push_str(params);
        }
        body.push('}');
        Ok(self.outgoing(body))
    }

    fn check(&self, _result: &str) -> Result<()> {
        Ok(())
    }

    fn answer(&self, id: &RawValue, method: &str) -> Option<Outgoing> {
        let id = id.get();
        Some(self.outgoing(if method == "ping" {
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{}}}}")
        } else {
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":\
                 {{\"code\":-32601,\"message\":\"Method not found\"}}}}"
            )
        }))
    }

    fn cancel(&self, id: i64, reason: &str) -> Option<Outgoing> {
        let mut body = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":\
             {{\"requestId\":{id},\"reason\":"
        );
        jsonrpc::push_string(&mut body, reason);
        body.push_str("}}");
        Some(self.outgoing(body))
    }

    fn end(&self) -> Option<Headers> {
        self.session_id.as_ref().map(|_| self.headers())
    }

    fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }
}

/// Visible ASCII, as the specification asks; it goes into a header.
fn is_session_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outgoing: &Outgoing) -> &str {
        std::str::from_utf8(&outgoing.body).unwrap()
    }

    #[test]
    fn initializes_without_headers_of_its_own() {
        let identity = Identity { name: "a\"b".into(), version: "1".into() };
        let first = Handshake::initialize(Revision::HANDSHAKE, &identity, 2);
        assert!(first.headers.is_empty());
        let message: serde_json::Value = serde_json::from_str(text(&first)).unwrap();
        assert_eq!(message["params"]["protocolVersion"], "2025-11-25");
        assert_eq!(message["params"]["clientInfo"]["name"], "a\"b");
    }

    #[test]
    fn sends_session_and_version_with_every_message() {
        let era = Handshake::new(Revision::V2025_06_18, Some("s1".into())).unwrap();
        let call = Call::new("tools/call", Some("{\"name\":\"x\"}")).unwrap();
        let outgoing = era.frame(&call, 7).unwrap();
        assert_eq!(
            outgoing.headers,
            [("MCP-Protocol-Version", "2025-06-18".into()), ("Mcp-Session-Id", "s1".into())]
        );
        assert_eq!(
            text(&outgoing),
            r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}}"#
        );
        assert_eq!(era.end().unwrap().len(), 2);
        assert!(Handshake::new(Revision::HANDSHAKE, None).unwrap().end().is_none());
    }

    #[test]
    fn refuses_a_session_id_that_would_break_a_header() {
        for id in ["", "a b", "a\r\nX: y", "\u{e9}"] {
            assert!(Handshake::new(Revision::HANDSHAKE, Some(id.into())).is_err(), "{id:?}");
        }
    }

    #[test]
    fn answers_a_ping_and_declines_the_rest_with_the_same_id() {
        let era = Handshake::new(Revision::HANDSHAKE, None).unwrap();
        let id: Box<RawValue> = serde_json::from_str("\"0\"").unwrap();
        let pong = era.answer(&id, "ping").unwrap();
        assert_eq!(text(&pong), r#"{"jsonrpc":"2.0","id":"0","result":{}}"#);
        let other = era.answer(&id, "roots/list").unwrap();
        assert!(text(&other).contains("\"id\":\"0\",\"error\":{\"code\":-32601"));
    }
}
