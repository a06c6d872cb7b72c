//! A server that behaves: any set of revisions, both forms of reply, with and
//! without sessions and credentials. It checks what the client sends and
//! notes each violation.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::Action;
use crate::http::{self, Request};

pub const STATELESS: &str = "2026-07-28";
pub const HANDSHAKE: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// How the server is to behave.
#[derive(Clone, Debug)]
pub struct Config {
    pub name: String,
    /// Whether 2026-07-28 is spoken.
    pub is_stateless: bool,
    /// The handshake revisions that are spoken, the newest first.
    pub handshake: Vec<&'static str>,
    pub has_sessions: bool,
    pub streams: bool,
    pub token: Option<String>,
    /// A header that must have a value.
    pub key: Option<(String, String)>,
    /// Forgets the session before each so manieth request.
    pub forgets_every: Option<usize>,
    /// A refused probe carries a session id that means nothing, as with the
    /// Python SDK 1.x.
    pub mints_orphans: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "test server".into(),
            is_stateless: true,
            handshake: HANDSHAKE.to_vec(),
            has_sessions: true,
            streams: false,
            token: None,
            key: None,
            forgets_every: None,
            mints_orphans: true,
        }
    }
}

#[derive(Debug, Default)]
struct Session {
    version: String,
    is_initialized: bool,
}

/// A server of that configuration.
#[derive(Debug)]
pub struct Mcp {
    pub config: Config,
    sessions: Mutex<HashMap<String, Session>>,
    violations: Mutex<Vec<String>>,
    next_session: AtomicUsize,
    requests: AtomicUsize,
}

impl Mcp {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            sessions: Mutex::default(),
            violations: Mutex::default(),
            next_session: AtomicUsize::new(1),
            requests: AtomicUsize::new(0),
        }
    }

    /// What the client did wrong so far.
    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    pub fn sessions(&self) -> usize {
        self.sessions.lock().unwrap().len()
    }

    pub fn forget_sessions(&self) {
        self.sessions.lock().unwrap().clear();
    }

    pub fn handle(&self, request: &Request) -> Vec<Action> {
        vec![Action::Send(self.answer(request))]
    }

    fn answer(&self, request: &Request) -> Vec<u8> {
        if let Some(refusal) = self.refuse_credential(request) {
            return refusal;
        }
        match request.method.as_str() {
            "POST" => self.post(request),
            "DELETE" if self.config.has_sessions => {
                let id = request.header("mcp-session-id").unwrap_or_default();
                let was = self.sessions.lock().unwrap().remove(id);
                http::reply(if was.is_some() { 200 } else { 404 }, &[], b"")
            }
            _ => http::reply(405, &[("allow", "POST")], b""),
        }
    }

    fn refuse_credential(&self, request: &Request) -> Option<Vec<u8>> {
        if let Some(token) = &self.config.token {
            let given = request.header("authorization");
            if given.is_none() {
                return Some(http::reply(401, &[("www-authenticate", "Bearer")], b""));
            }
            if given != Some(&format!("Bearer {token}")) {
                let challenge =
                    "Bearer error=\"invalid_token\", error_description=\"The token is not known\"";
                let headers =
                    [("www-authenticate", challenge), ("content-type", "application/json")];
                return Some(http::reply(401, &headers, br#"{"error":"invalid_token"}"#));
            }
        }
        if let Some((name, value)) = &self.config.key
            && request.header(name) != Some(value)
        {
            let headers = [("content-type", "application/json")];
            let body = br#"{"error":"missing or wrong API key"}"#;
            return Some(http::reply(401, &headers, body));
        }
        None
    }

    fn post(&self, request: &Request) -> Vec<u8> {
        self.check_every(request);
        let method = request.rpc_method();
        if let Some(every) = self.config.forgets_every
            && method == "ping"
            && self.requests.fetch_add(1, Ordering::SeqCst) % every == every - 1
        {
            self.forget_sessions();
        }
        let version = request.header("mcp-protocol-version").unwrap_or_default();
        let is_handshake_version = HANDSHAKE.contains(&version);
        if !version.is_empty() && !is_handshake_version {
            return if self.config.is_stateless {
                self.stateless(request, version)
            } else {
                self.refuse_probe(request)
            };
        }
        self.in_session(request, &method)
    }

    fn check_every(&self, request: &Request) {
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let expect = |is_right: bool, what: &str| {
            if !is_right {
                let line = format!("{}: {what}", request.rpc_method());
                self.violations.lock().unwrap().push(line);
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
        let names = |name: &str| {
            request.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count()
        };
        for name in ["host", "authorization", "content-length", "mcp-session-id", "accept"] {
            expect(names(name) <= 1, &format!("{name} is there twice"));
        }
        let message = request.json();
        expect(message["jsonrpc"] == "2.0", "jsonrpc is not 2.0");
        let id = &message["id"];
        expect(id.is_null() || id.is_i64() || !message["method"].is_string(), "id is no integer");
        let version = header("mcp-protocol-version");
        if version == STATELESS {
            expect(header("mcp-method") == request.rpc_method(), "Mcp-Method is not the method");
            expect(header("mcp-session-id").is_empty(), "a session id in the stateless era");
            let meta = &message["params"]["_meta"];
            let key = |name: &str| &meta[format!("io.modelcontextprotocol/{name}").as_str()];
            expect(*key("protocolVersion") == version, "_meta has another version");
            expect(key("clientCapabilities").is_object(), "_meta lacks clientCapabilities");
            expect(key("clientInfo")["name"].is_string(), "_meta lacks clientInfo");
        } else {
            expect(header("mcp-method").is_empty(), "Mcp-Method in the handshake era");
            expect(
                message["params"]["_meta"].is_null(),
                "_meta of the stateless era in the handshake era",
            );
        }
        if request.rpc_method() == "initialize" {
            expect(version.is_empty(), "MCP-Protocol-Version on initialize");
            expect(header("mcp-session-id").is_empty(), "a session id on initialize");
            expect(message["params"]["clientInfo"]["name"].is_string(), "no clientInfo");
            expect(message["params"]["capabilities"].is_object(), "no capabilities");
        }
    }

    fn stateless(&self, request: &Request, version: &str) -> Vec<u8> {
        if version != STATELESS {
            return self.error(
                request,
                400,
                -32022,
                "Unsupported protocol version",
                json!({"supported": [STATELESS], "requested": version}),
            );
        }
        let method = request.rpc_method();
        if request.header("mcp-method") != Some(&method) {
            return self.error(request, 400, -32020, "header mismatch", Value::Null);
        }
        match method.as_str() {
            "server/discover" => self.result(
                request,
                json!({
                    "resultType": "complete",
                    "supportedVersions": [STATELESS],
                    "capabilities": {"tools": {"listChanged": false}},
                    "instructions": "Be kind.",
                    "ttlMs": 0,
                    "cacheScope": "private",
                    "_meta": {"io.modelcontextprotocol/serverInfo": self.info()},
                }),
                None,
            ),
            "tools/list" => {
                self.result(request, json!({"resultType": "complete", "tools": []}), None)
            }
            "tools/call" => self.result(
                request,
                json!({"resultType": "complete", "content": [{"type": "text", "text": "done"}]}),
                None,
            ),
            other => self.error(request, 404, -32601, "Method not found", json!(other)),
        }
    }

    fn refuse_probe(&self, request: &Request) -> Vec<u8> {
        let body = json!({"jsonrpc": "2.0", "id": "server-error",
            "error": {"code": -32600, "message": "Bad Request: Missing session ID"}});
        let mut headers = vec![("content-type", "application/json")];
        if self.config.mints_orphans {
            headers.push(("mcp-session-id", "an-orphan-that-means-nothing"));
        }
        let _ = request;
        http::reply(400, &headers, body.to_string().as_bytes())
    }

    fn in_session(&self, request: &Request, method: &str) -> Vec<u8> {
        if method == "initialize" {
            return self.initialize(request);
        }
        let id = request.header("mcp-session-id").unwrap_or_default();
        let message = request.json();
        let mut sessions = self.sessions.lock().unwrap();
        if self.config.has_sessions {
            let Some(session) = sessions.get_mut(id) else {
                drop(sessions);
                if id.is_empty() {
                    return self.refuse_probe(request);
                }
                return self.error(request, 404, -32600, "Session not found", Value::Null);
            };
            let version = request.header("mcp-protocol-version").unwrap_or_default();
            let mut violations = self.violations.lock().unwrap();
            if version != session.version {
                violations.push(format!("{method}: version {version}, not {}", session.version));
            }
            if method == "notifications/initialized" {
                session.is_initialized = true;
            } else if !session.is_initialized {
                violations.push(format!("{method}: before notifications/initialized"));
            }
        }
        drop(sessions);
        if message["id"].is_null() || message["method"].is_null() {
            return http::reply(202, &[], b"");
        }
        match method {
            "ping" => self.result(request, json!({}), None),
            "tools/list" => self.result(request, json!({"tools": []}), None),
            "tools/call" => {
                self.result(request, json!({"content": [{"type": "text", "text": "done"}]}), None)
            }
            other => self.error(request, 200, -32601, "Method not found", json!(other)),
        }
    }

    fn initialize(&self, request: &Request) -> Vec<u8> {
        let asked = request.json()["params"]["protocolVersion"].clone();
        let Some(newest) = self.config.handshake.first() else {
            return self.error(
                request,
                400,
                -32022,
                "Unsupported protocol version",
                json!({"supported": [STATELESS], "requested": asked}),
            );
        };
        let spoken = self.config.handshake.iter().find(|version| asked == **version);
        let version = (*spoken.unwrap_or(newest)).to_owned();
        let session = self.config.has_sessions.then(|| {
            let number = self.next_session.fetch_add(1, Ordering::SeqCst);
            let id = format!("session-{number}");
            let session = Session { version: version.clone(), is_initialized: false };
            self.sessions.lock().unwrap().insert(id.clone(), session);
            id
        });
        let result = json!({
            "protocolVersion": version,
            "capabilities": {"tools": {"listChanged": true}, "resources": {"subscribe": true}},
            "serverInfo": self.info(),
            "instructions": "Be kind.",
        });
        self.result(request, result, session.as_deref())
    }

    fn info(&self) -> Value {
        json!({"name": self.config.name, "version": "1.2.3", "title": "A test server"})
    }

    fn result(&self, request: &Request, result: Value, session: Option<&str>) -> Vec<u8> {
        let message = json!({"jsonrpc": "2.0", "id": request.id(), "result": result});
        let mut headers = Vec::new();
        if let Some(id) = session {
            headers.push(("mcp-session-id", id));
        }
        if self.config.streams {
            let mut out = http::stream_head(&headers);
            out.extend_from_slice(&http::event(&message));
            out.extend_from_slice(http::LAST_CHUNK);
            return out;
        }
        headers.push(("content-type", "application/json"));
        http::reply(200, &headers, message.to_string().as_bytes())
    }

    fn error(
        &self,
        request: &Request,
        status: u16,
        code: i32,
        message: &str,
        data: Value,
    ) -> Vec<u8> {
        let mut error = json!({"code": code, "message": message});
        if !data.is_null() {
            error["data"] = data;
        }
        http::json(status, &json!({"jsonrpc": "2.0", "id": request.id(), "error": error}))
    }
}
