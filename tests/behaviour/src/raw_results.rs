//! A server whose results are any JSON text, on each carrier.

use std::sync::{Arc, Mutex};

use mcp_test_server::http::{self, Request, Stream};
use mcp_test_server::pipe::{Pipe, pipe};
use mcp_test_server::{Action, Server};
use serde_json::{Value, json};

use crate::Client;
use crate::constants::*;

/// How a result travels to the client, and the revision that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCarrier {
    kind: Kind,
    pub version: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Body,
    EventStream,
    Sse,
    Stdio,
}

pub const RAW_CARRIERS: [RawCarrier; 7] = [
    RawCarrier { kind: Kind::Body, version: "2025-11-25" },
    RawCarrier { kind: Kind::EventStream, version: "2025-11-25" },
    RawCarrier { kind: Kind::Sse, version: "2025-11-25" },
    RawCarrier { kind: Kind::Stdio, version: "2025-11-25" },
    RawCarrier { kind: Kind::Body, version: "2026-07-28" },
    RawCarrier { kind: Kind::EventStream, version: "2026-07-28" },
    RawCarrier { kind: Kind::Stdio, version: "2026-07-28" },
];

impl RawCarrier {
    pub fn is_stateless(self) -> bool {
        self.version == "2026-07-28"
    }
}

/// Gives the result to a method and its parameters as JSON text. `None`: the
/// usual result. After "error:" it is a JSON-RPC error.
type Results = dyn Fn(&str, &Value) -> Option<String> + Send + Sync;

pub struct RawServer {
    script: Arc<Script>,
    server: Server,
}

struct Script {
    carrier: RawCarrier,
    results: Box<Results>,
    /// The requests that have come.
    requests: Mutex<Vec<Value>>,
    /// The stream of HTTP with SSE.
    events: Mutex<Option<Pipe>>,
}

impl RawServer {
    pub fn new(
        carrier: RawCarrier,
        results: impl Fn(&str, &Value) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let script = Arc::new(Script {
            carrier,
            results: Box::new(results),
            requests: Mutex::default(),
            events: Mutex::default(),
        });
        let handler = script.clone();
        Self { script, server: Server::start(move |request| handler.handle(request)) }
    }

    /// A client with the revision of the carrier.
    pub fn client(&self) -> Client {
        let carrier = self.script.carrier;
        let client = match carrier.kind {
            Kind::Stdio => self.script.over_stdio(),
            _ => Client::new(&self.server.url("/mcp"), None).unwrap(),
        };
        if carrier.kind == Kind::Sse {
            client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        }
        client.pin(carrier.version).unwrap();
        client.set_timeout(60_000);
        client
    }

    /// The parameters of all requests of a method.
    pub fn params(&self, method: &str) -> Vec<Value> {
        let requests = self.script.requests.lock().unwrap();
        let all = requests.iter().filter(|request| request["method"] == method);
        all.map(|request| request["params"].clone()).collect()
    }
}

impl Script {
    fn response(&self, message: &Value) -> Option<Vec<u8>> {
        let (id, method) = (&message["id"], message["method"].as_str()?);
        if id.is_null() {
            return None;
        }
        self.requests.lock().unwrap().push(message.clone());
        let result = (self.results)(method, &message["params"]).unwrap_or_else(|| {
            let capabilities = json!({"tools": {}, "resources": {}, "prompts": {},
                "completions": {}, "logging": {}, "skills": {},
                "tasks": {"list": {}, "cancel": {}, "requests": {"tools": {"call": {}}}},
                "extensions": {"io.modelcontextprotocol/tasks": {}}});
            let version = self.carrier.version;
            let result = match method {
                "initialize" => json!({"protocolVersion": version, "capabilities": capabilities,
                    "serverInfo": {"name": "raw", "version": "1"}}),
                "server/discover" => json!({"resultType": "complete",
                    "capabilities": capabilities, "supportedVersions": [version]}),
                _ => json!({}),
            };
            result.to_string()
        });
        let member = match result.strip_prefix("error:") {
            Some(error) => format!(r#""error":{error}"#),
            None => format!(r#""result":{result}"#),
        };
        Some(format!(r#"{{"jsonrpc":"2.0","id":{id},{member}}}"#).into_bytes())
    }

    fn handle(&self, request: &Request) -> Vec<Action> {
        let kind = self.carrier.kind;
        if request.method == "GET" && kind == Kind::Sse {
            let (events, feed) = pipe();
            *self.events.lock().unwrap() = Some(events);
            let endpoint = http::chunk(b"event: endpoint\r\ndata: /messages\r\n\r\n");
            let head = http::stream_head(&[]);
            return vec![Action::Send(head), Action::Send(endpoint), Action::Feed(feed)];
        }
        if request.method != "POST" {
            return vec![Action::Send(http::reply(405, &[], b""))];
        }
        let Some(response) = self.response(&request.json()) else {
            return vec![Action::Send(http::reply(202, &[], b""))];
        };
        match kind {
            Kind::Sse => {
                self.events.lock().unwrap().as_ref().unwrap().send(http::event_of(&response));
                vec![Action::Send(http::reply(202, &[], b""))]
            }
            Kind::EventStream => Stream::new().send(http::event_of(&response)).end(),
            _ => {
                let headers = [("content-type", "application/json")];
                vec![Action::Send(http::reply(200, &headers, &response))]
            }
        }
    }

    fn over_stdio(self: &Arc<Self>) -> Client {
        let script = self.clone();
        Client::of_lines(move |message| script.response(message).into_iter().collect())
    }
}
