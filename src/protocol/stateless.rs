//! The era in which each request stands alone: 2026-07-28.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base::error::{Error, Result, Status, quote};
use crate::protocol::revision::Revision;
use crate::protocol::{Call, Era, Headers, Identity, Outgoing, routing};
use crate::wire::jsonrpc;

/// What goes with every request, written once.
#[derive(Debug)]
pub(crate) struct Stateless {
    revision: Revision,
    /// The members of `_meta` that the protocol asks for, without braces.
    meta: String,
    /// The whole question who the server is, behind its id.
    discover: String,
}

impl Stateless {
    pub(crate) fn new(revision: Revision, identity: &Identity) -> Self {
        let meta = format!(
            "\"{PREFIX}protocolVersion\":\"{}\",\"{PREFIX}clientCapabilities\":{{}},\
             \"{PREFIX}clientInfo\":{}",
            revision.as_str(),
            identity.json()
        );
        let discover = format!(",\"method\":\"{DISCOVER}\",\"params\":{{\"_meta\":{{{meta}}}}}}}");
        Self { revision, meta, discover }
    }

    /// The question who the server is, which also is the sign of life.
    pub(crate) fn discover(&self, id: i64) -> Outgoing {
        let mut body = String::with_capacity(48 + self.discover.len());
        let _ = write!(body, "{{\"jsonrpc\":\"2.0\",\"id\":{id}");
        body.push_str(&self.discover);
        Outgoing { headers: self.headers(DISCOVER.into()), body: body.into_bytes() }
    }

    fn headers(&self, method: Cow<'static, str>) -> Headers {
        let mut headers = Vec::with_capacity(3);
        headers.push(("MCP-Protocol-Version", self.revision.as_str().into()));
        headers.push(("Mcp-Method", method));
        headers
    }

    /// Adds what the protocol asks for to the parameters of the program.
    fn params(&self, params: Option<&str>) -> Result<String> {
        let mut members: BTreeMap<String, &RawValue> = match params {
            Some(params) => serde_json::from_str(params)
                .map_err(|error| Error::argument(format!("params is not an object: {error}")))?,
            None => BTreeMap::new(),
        };
        let theirs: BTreeMap<String, &RawValue> = match members.remove("_meta") {
            Some(meta) => serde_json::from_str(meta.get())
                .map_err(|_| Error::argument("params has a _meta that is not an object"))?,
            None => BTreeMap::new(),
        };
        let mut out = format!("{{\"_meta\":{{{}", self.meta);
        for (name, value) in &theirs {
            if OURS.iter().any(|ours| name.strip_prefix(PREFIX) == Some(ours)) {
                return Err(Error::argument(format!(
                    "params has \"{}\" in its _meta, which the library sets",
                    quote(name)
                )));
            }
            push_member(&mut out, name, value);
        }
        out.push('}');
        for (name, value) in &members {
            push_member(&mut out, name, value);
        }
        out.push('}');
        Ok(out)
    }
}

impl Era for Stateless {
    fn frame(&self, call: &Call, id: i64) -> Result<Outgoing> {
        if call.is_ping() {
            return Ok(self.discover(id));
        }
        let mut headers = self.headers(call.method.clone().into());
        headers.extend(routing::name(call).map(|name| ("Mcp-Name", name.into())));
        let mut body = String::new();
        let _ = write!(body, "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":");
        jsonrpc::push_string(&mut body, &call.method);
        body.push_str(",\"params\":");
        body.push_str(&self.params(call.params.as_deref())?);
        body.push('}');
        Ok(Outgoing { headers, body: body.into_bytes() })
    }

    fn check(&self, result: &str) -> Result<()> {
        if is_plainly_complete(result) {
            return Ok(());
        }
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(rename = "resultType", borrow, default)]
            kind: Option<Cow<'a, str>>,
        }
        let kind: Kind<'_> = serde_json::from_str(result).map_err(|error| {
            Error::protocol(format!("the server sent a malformed result: {error}"))
        })?;
        match kind.kind.as_deref() {
            None | Some("complete") => Ok(()),
            Some("input_required") => Err(Error::new(
                Status::InputRequired,
                "the server asks a question before it answers, and nobody here answers it",
            )),
            Some(other) => Err(Error::protocol(format!(
                "the server sent a result of a kind that was not asked for: \"{}\"",
                quote(other)
            ))),
        }
    }

    /// Servers ask nothing by requests here; one that does breaks the rules,
    /// and a client may not answer.
    fn answer(&self, _id: &RawValue, _method: &str) -> Option<Outgoing> {
        None
    }

    /// Closing the reply's stream stops the request.
    fn cancel(&self, _id: i64, _reason: &str) -> Option<Outgoing> {
        None
    }

    fn end(&self) -> Option<Headers> {
        None
    }

    fn session_id(&self) -> Option<&str> {
        None
    }
}

const DISCOVER: &str = "server/discover";
const PREFIX: &str = "io.modelcontextprotocol/";
/// The names behind the prefix that belong to the library.
const OURS: [&str; 3] = ["protocolVersion", "clientCapabilities", "clientInfo"];

/// Whether the result's kind can be seen without parsing it: named once, as
/// "complete", or not at all, and with nothing escaped that could be the name.
fn is_plainly_complete(result: &str) -> bool {
    if result.contains('\\') {
        return false;
    }
    let mut is_named = false;
    // By its one capital letter: a search for the name costs more to set up
    // than most results are long.
    for (at, _) in result.match_indices('T') {
        let (before, rest) = result.split_at(at);
        let Some(rest) = rest.strip_prefix("Type\"") else { continue };
        if !before.ends_with("\"result") {
            continue;
        }
        if is_named || !rest.starts_with(":\"complete\"") {
            return false;
        }
        is_named = true;
    }
    true
}

fn push_member(out: &mut String, name: &str, value: &RawValue) {
    out.push(',');
    jsonrpc::push_string(out, name);
    out.push(':');
    out.push_str(value.get());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era() -> Stateless {
        let identity = Identity { name: "app".into(), version: "1".into() };
        Stateless::new(Revision::STATELESS, &identity)
    }

    fn message(outgoing: &Outgoing) -> serde_json::Value {
        serde_json::from_slice(&outgoing.body).unwrap()
    }

    #[test]
    fn pings_by_asking_who_the_server_is() {
        let outgoing = era().frame(&Call::ping(), 3).unwrap();
        let message = message(&outgoing);
        assert_eq!(message["method"], "server/discover");
        let meta = &message["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert_eq!(meta["io.modelcontextprotocol/clientCapabilities"], serde_json::json!({}));
        assert_eq!(meta["io.modelcontextprotocol/clientInfo"]["name"], "app");
        assert_eq!(
            outgoing.headers,
            [
                ("MCP-Protocol-Version", "2026-07-28".into()),
                ("Mcp-Method", "server/discover".into())
            ]
        );
    }

    #[test]
    fn keeps_the_programs_own_meta_beside_the_protocols() {
        let params = r#"{"name":"x","_meta":{"a":1},"arguments":{"b":1.50}}"#;
        let outgoing = era().frame(&Call::new("tools/call", Some(params)).unwrap(), 1).unwrap();
        let text = std::str::from_utf8(&outgoing.body).unwrap();
        assert!(text.contains("\"arguments\":{\"b\":1.50}"), "numbers stay as written: {text}");
        let message = message(&outgoing);
        assert_eq!(message["params"]["_meta"]["a"], 1);
        assert_eq!(outgoing.headers.last().unwrap(), &("Mcp-Name", "x".into()));
    }

    #[test]
    fn refuses_to_overwrite_what_the_library_sets() {
        let params = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"x"}}"#;
        let call = Call::new("tools/list", Some(params)).unwrap();
        assert_eq!(era().frame(&call, 1).unwrap_err().status(), Status::InvalidArgument);
    }

    #[test]
    fn takes_no_result_of_a_kind_it_did_not_ask_for() {
        assert!(era().check("{}").is_ok());
        assert!(era().check(r#"{"resultType":"complete"}"#).is_ok());
        let status = |text| era().check(text).unwrap_err().status();
        assert_eq!(status(r#"{"resultType":"input_required"}"#), Status::InputRequired);
        assert_eq!(status(r#"{"resultType":"task"}"#), Status::Protocol);
        assert_eq!(status(r#"{"resultType":1}"#), Status::Protocol);
        assert_eq!(
            status(r#"{"a":{"resultType":"complete"},"resultType":"input_required"}"#),
            Status::InputRequired
        );
        assert_eq!(status(r#"{"result\u0054ype":"input_required"}"#), Status::InputRequired);
        assert!(era().check(r#"{"resultType" : "complete"}"#).is_ok());
    }
}
