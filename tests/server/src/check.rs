//! What a client must not send, noted as violations.

use serde_json::{Value, json};

use crate::Carrier;
use crate::encoding::header_text;
use crate::http::Request;
use crate::items::MARKS;
use crate::mcp::{Answer, Call, Mcp, STATELESS};

impl Mcp {
    pub(crate) fn violation(&self, line: impl Into<String>) {
        self.violations.lock().unwrap().push(line.into());
    }

    /// A POST of Streamable HTTP.
    pub(crate) fn check_every(&self, request: &Request) {
        let header = |name: &str| request.header(name).unwrap_or_default();
        let method = request.rpc_method();
        let message = request.json();
        self.check_headers(request);
        let expect = |is_right: bool, what: &str| self.expect(&method, is_right, what);
        expect(header("accept").contains("application/json"), "Accept lacks application/json");
        expect(header("accept").contains("text/event-stream"), "Accept lacks text/event-stream");
        expect(header("last-event-id").is_empty(), "Last-Event-ID on a POST");
        let is_stateless = header("mcp-protocol-version") == STATELESS;
        if is_stateless {
            self.check_routing(request, &message);
        }
        expect(
            method != "initialize" || header("mcp-session-id").is_empty(),
            "a session id on initialize",
        );
        self.check_message(&message, is_stateless, Carrier::Http);
    }

    /// The headers of a POST over either form of HTTP.
    pub(crate) fn check_headers(&self, request: &Request) {
        let header = |name: &str| request.header(name).unwrap_or_default();
        let method = request.rpc_method();
        let expect = |is_right: bool, what: &str| self.expect(&method, is_right, what);
        expect(header("content-type").starts_with("application/json"), "Content-Type is not JSON");
        expect(!header("host").is_empty(), "no Host");
        expect(matches!(header("accept-encoding"), "" | "identity"), "asks for an encoding");
        for name in ["host", "authorization", "content-length", "mcp-session-id", "accept"] {
            let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
            let count = request.headers.iter().filter(same).count();
            expect(count <= 1, &format!("{name} is there twice"));
        }
        if header("mcp-protocol-version") != STATELESS {
            let is_new = |name: &str| {
                let name = name.to_ascii_lowercase();
                name == "mcp-method" || name == "mcp-name" || name.starts_with("mcp-param-")
            };
            let mut names = request.headers.iter().map(|(name, _)| name);
            expect(!names.any(|name| is_new(name)), "Mcp- headers in the handshake era");
        }
        expect(
            method != "initialize" || header("mcp-protocol-version").is_empty(),
            "MCP-Protocol-Version on initialize",
        );
    }

    /// What the headers of the stateless era say about the body.
    fn check_routing(&self, request: &Request, message: &Value) {
        let header = |name: &str| request.header(name).unwrap_or_default();
        let method = request.rpc_method();
        let expect = |is_right: bool, what: &str| self.expect(&method, is_right, what);
        expect(header("mcp-method") == method, "Mcp-Method is not the method");
        expect(header("mcp-session-id").is_empty(), "a session id in the stateless era");
        let version = meta(message, "protocolVersion");
        expect(*version == header("mcp-protocol-version"), "_meta's version");
        let params = &message["params"];
        let name = match method.as_str() {
            "tools/call" | "prompts/get" => params["name"].as_str(),
            "resources/read" => params["uri"].as_str(),
            "tasks/get" | "tasks/update" | "tasks/cancel" => params["taskId"].as_str(),
            _ => None,
        };
        let given = request.header("mcp-name").and_then(header_text);
        expect(given.as_deref() == name, "Mcp-Name is not the name");
    }

    /// A message, whatever carries it.
    pub(crate) fn check_message(&self, message: &Value, is_stateless: bool, carrier: Carrier) {
        let method = message["method"].as_str().unwrap_or_default();
        let expect = |is_right: bool, what: &str| self.expect(method, is_right, what);
        expect(message["jsonrpc"] == "2.0", "jsonrpc is not 2.0");
        let id = &message["id"];
        expect(id.is_null() || id.is_i64() || !message["method"].is_string(), "id is no integer");
        if is_stateless {
            expect(!method.is_empty(), "an answer in the stateless era");
            let is_cancel = method == "notifications/cancelled";
            let may_cancel = carrier == Carrier::Stdio;
            expect(may_cancel || !is_cancel, "cancelled in the stateless era");
            if !id.is_null() {
                let capabilities = meta(message, "clientCapabilities");
                expect(capabilities.is_object(), "_meta lacks clientCapabilities");
                let name = &meta(message, "clientInfo")["name"];
                expect(name.is_string(), "_meta lacks clientInfo");
            }
        } else {
            let meta = message["params"]["_meta"].as_object();
            let is_free = |name: &String| !name.starts_with("io.modelcontextprotocol/");
            expect(
                meta.is_none_or(|meta| meta.keys().all(is_free)),
                "_meta of the stateless era in the handshake era",
            );
        }
        if method == "initialize" {
            expect(message["params"]["clientInfo"]["name"].is_string(), "no clientInfo");
            expect(message["params"]["capabilities"].is_object(), "no capabilities");
        }
    }

    fn expect(&self, method: &str, is_right: bool, what: &str) {
        if !is_right {
            self.violation(format!("{method}: {what}"));
        }
    }

    /// Refuses a call whose headers do not say what its marked arguments do.
    pub(crate) fn check_marks(&self, call: &Call) -> Option<Answer> {
        let wants = self.config.offer.as_ref().is_some_and(|offer| offer.wants_headers);
        let is_marked = call.carrier == Carrier::Http && call.params["name"] == "marked";
        if !call.is_stateless || !wants || !is_marked {
            return None;
        }
        for (place, header, _) in MARKS {
            let is_other = self.is_renamed() && header == "Region";
            let header = format!("mcp-param-{}", if is_other { "Zone" } else { header });
            let wanted = call.params["arguments"].pointer(place).and_then(text_of);
            let given = call.request.header(&header).and_then(header_text);
            if given.is_some() && given != wanted {
                self.violation(format!("tools/call: {header} is {given:?}, not {wanted:?}"));
            }
            if given != wanted {
                return Some(Answer::error(-32020, "Header mismatch", json!(header)));
            }
        }
        None
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) => Some(value.to_string()),
        Value::Number(number) => Some(match number.as_f64() {
            Some(real) if number.is_f64() => format!("{real:.0}"),
            _ => value.to_string(),
        }),
        _ => None,
    }
}

/// What a message has in its `_meta` of the stateless era.
pub(crate) fn meta<'a>(message: &'a Value, name: &str) -> &'a Value {
    &message["params"]["_meta"][format!("io.modelcontextprotocol/{name}").as_str()]
}
