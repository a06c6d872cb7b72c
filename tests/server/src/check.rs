//! What a client must not send, noted as violations.

use serde_json::{Value, json};

use crate::encoding::header_text;
use crate::http::Request;
use crate::items::MARKS;
use crate::mcp::{Answer, Call, Mcp, STATELESS};

impl Mcp {
    pub(crate) fn violation(&self, line: impl Into<String>) {
        self.violations.lock().unwrap().push(line.into());
    }

    pub(crate) fn check_every(&self, request: &Request) {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let method = request.rpc_method();
        let expect = |is_right: bool, what: &str| {
            if !is_right {
                self.violation(format!("{method}: {what}"));
            }
        };
        let accept = header("accept");
        expect(accept.contains("application/json"), "Accept lacks application/json");
        expect(accept.contains("text/event-stream"), "Accept lacks text/event-stream");
        expect(header("content-type").starts_with("application/json"), "Content-Type is not JSON");
        expect(!header("host").is_empty(), "no Host");
        expect(
            matches!(header("accept-encoding").as_str(), "" | "identity"),
            "asks for an encoding",
        );
        expect(header("last-event-id").is_empty(), "Last-Event-ID on a POST");
        self.check_repeated(request, &expect);
        let message = request.json();
        expect(message["jsonrpc"] == "2.0", "jsonrpc is not 2.0");
        let id = &message["id"];
        expect(id.is_null() || id.is_i64() || !message["method"].is_string(), "id is no integer");
        if header("mcp-protocol-version") == STATELESS {
            self.check_stateless(request, &message, &expect);
        } else {
            let is_new = |name: &str| {
                let name = name.to_ascii_lowercase();
                name == "mcp-method" || name == "mcp-name" || name.starts_with("mcp-param-")
            };
            let mut names = request.headers.iter().map(|(name, _)| name);
            expect(!names.any(|name| is_new(name)), "Mcp- headers in the handshake era");
            let meta = message["params"]["_meta"].as_object();
            let is_free = |name: &String| !name.starts_with("io.modelcontextprotocol/");
            expect(
                meta.is_none_or(|meta| meta.keys().all(is_free)),
                "_meta of the stateless era in the handshake era",
            );
        }
        if method == "initialize" {
            expect(header("mcp-protocol-version").is_empty(), "MCP-Protocol-Version on initialize");
            expect(header("mcp-session-id").is_empty(), "a session id on initialize");
            expect(message["params"]["clientInfo"]["name"].is_string(), "no clientInfo");
            expect(message["params"]["capabilities"].is_object(), "no capabilities");
        }
    }

    fn check_repeated(&self, request: &Request, expect: &dyn Fn(bool, &str)) {
        for name in ["host", "authorization", "content-length", "mcp-session-id", "accept"] {
            let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
            let count = request.headers.iter().filter(same).count();
            expect(count <= 1, &format!("{name} is there twice"));
        }
    }

    fn check_stateless(&self, request: &Request, message: &Value, expect: &dyn Fn(bool, &str)) {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let method = request.rpc_method();
        expect(header("mcp-method") == method, "Mcp-Method is not the method");
        expect(header("mcp-session-id").is_empty(), "a session id in the stateless era");
        expect(!method.is_empty(), "an answer in the stateless era");
        expect(!method.starts_with("notifications/cancelled"), "cancelled in the stateless era");
        let meta = &message["params"]["_meta"];
        let key = |name: &str| &meta[format!("io.modelcontextprotocol/{name}").as_str()];
        expect(*key("protocolVersion") == header("mcp-protocol-version"), "_meta's version");
        if !message["id"].is_null() {
            expect(key("clientCapabilities").is_object(), "_meta lacks clientCapabilities");
            expect(key("clientInfo")["name"].is_string(), "_meta lacks clientInfo");
        }
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

    /// Refuses a call whose headers do not say what its marked arguments do.
    pub(crate) fn check_marks(&self, call: &Call) -> Option<Answer> {
        let wants = self.config.offer.as_ref().is_some_and(|offer| offer.wants_headers);
        if !call.is_stateless || !wants || call.params["name"] != "marked" {
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
