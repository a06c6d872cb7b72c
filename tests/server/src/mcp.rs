//! A server that behaves: any set of revisions, both forms of reply, with and
//! without sessions and credentials. It checks what the client sends and
//! notes each violation.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::Action;
use crate::http::{self, Request};
use crate::offer::Offer;
use crate::questions::Questions;
use crate::resumption::Broken;
use crate::streams::Streams;
use crate::tasks::Tasks;

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
    /// All that goes beyond a ping; without it there is one tool.
    pub offer: Option<Offer>,
}

impl Config {
    /// A server of that offer, of one era or of both.
    pub fn of(offer: Offer) -> Self {
        Self { offer: Some(offer), ..Self::default() }
    }

    pub fn stateless(offer: Offer) -> Self {
        Self { handshake: Vec::new(), ..Self::of(offer) }
    }

    pub fn handshake(offer: Offer) -> Self {
        Self { is_stateless: false, ..Self::of(offer) }
    }
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
            offer: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Session {
    pub version: String,
    pub is_initialized: bool,
    /// What `logging/setLevel` said last.
    pub level: Option<String>,
    pub subscriptions: BTreeSet<String>,
    /// Of requests; none may come twice.
    pub ids: BTreeSet<String>,
    pub capabilities: Value,
}

/// A request, and what is known of it.
#[derive(Debug)]
pub struct Call<'a> {
    pub request: &'a Request,
    pub method: String,
    pub params: Value,
    pub id: Value,
    pub is_stateless: bool,
    pub version: String,
    /// "" where there is none.
    pub session: String,
}

/// What comes back, before it is known in which form.
#[derive(Debug)]
pub enum Answer {
    Result(Value),
    Error { code: i32, message: String, data: Value },
    Play(Vec<Action>),
}

impl Answer {
    pub(crate) fn error(code: i32, message: &str, data: Value) -> Self {
        Self::Error { code, message: message.to_owned(), data }
    }
}

/// A server of that configuration.
#[derive(Debug)]
pub struct Mcp {
    pub config: Config,
    sessions: Mutex<HashMap<String, Session>>,
    pub(crate) violations: Mutex<Vec<String>>,
    next_session: AtomicUsize,
    requests: AtomicUsize,
    pub(crate) has_expired: AtomicBool,
    pub(crate) reads: AtomicUsize,
    is_renamed: AtomicBool,
    pub(crate) questions: Mutex<Questions>,
    pub(crate) streams: Mutex<Streams>,
    pub(crate) tasks: Mutex<Tasks>,
    pub(crate) broken: Mutex<HashMap<String, Broken>>,
}

impl Mcp {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            sessions: Mutex::default(),
            violations: Mutex::default(),
            next_session: AtomicUsize::new(1),
            requests: AtomicUsize::new(0),
            has_expired: AtomicBool::new(false),
            reads: AtomicUsize::new(0),
            is_renamed: AtomicBool::new(false),
            questions: Mutex::default(),
            streams: Mutex::default(),
            tasks: Mutex::default(),
            broken: Mutex::default(),
        }
    }

    /// What the client did wrong so far.
    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    pub fn sessions(&self) -> usize {
        self.sessions.lock().unwrap().len()
    }

    /// Sessions and all that hangs on them: the client must begin anew.
    pub fn forget_sessions(&self) {
        self.sessions.lock().unwrap().clear();
        self.broken.lock().unwrap().clear();
        self.close_streams();
    }

    /// The newest session.
    pub fn session(&self) -> Option<Session> {
        let sessions = self.sessions.lock().unwrap();
        let newest = sessions.keys().max_by_key(|id| (id.len(), (*id).clone()))?;
        sessions.get(newest).cloned()
    }

    pub(crate) fn session_of(&self, id: &str) -> Option<Session> {
        self.sessions.lock().unwrap().get(id).cloned()
    }

    /// From now on a mark of the tool `marked` has another name.
    pub fn rename_mark(&self) {
        self.is_renamed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_renamed(&self) -> bool {
        self.is_renamed.load(Ordering::SeqCst)
    }

    pub fn handle(&self, request: &Request) -> Vec<Action> {
        if let Some(refusal) = self.refuse_credential(request) {
            return vec![Action::Send(refusal)];
        }
        match request.method.as_str() {
            "POST" => self.post(request),
            "GET" if self.config.offer.as_ref().is_some_and(|offer| offer.listens) => {
                self.get(request)
            }
            "DELETE" if self.config.has_sessions => {
                let id = request.header("mcp-session-id").unwrap_or_default();
                let was = self.sessions.lock().unwrap().remove(id);
                vec![Action::Send(http::reply(if was.is_some() { 200 } else { 404 }, &[], b""))]
            }
            _ => vec![Action::Send(http::reply(405, &[("allow", "POST")], b""))],
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

    fn post(&self, request: &Request) -> Vec<Action> {
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
                self.refuse_probe()
            };
        }
        self.in_session(request, &method)
    }

    fn stateless(&self, request: &Request, version: &str) -> Vec<Action> {
        let call = Call {
            request,
            method: request.rpc_method(),
            params: request.json()["params"].clone(),
            id: request.id(),
            is_stateless: true,
            version: version.to_owned(),
            session: String::new(),
        };
        let answer = if version != STATELESS {
            let data = json!({"supported": [STATELESS], "requested": version});
            Answer::error(-32022, "Unsupported protocol version", data)
        } else if request.header("mcp-method") != Some(&call.method) {
            Answer::error(-32020, "header mismatch", Value::Null)
        } else if call.id.is_null() {
            return vec![Action::Send(http::reply(202, &[], b""))];
        } else if call.method == "server/discover" {
            Answer::Result(json!({
                "resultType": "complete",
                "supportedVersions": [STATELESS],
                "capabilities": self.capabilities(false),
                "instructions": "Be kind.",
                "ttlMs": 0,
                "cacheScope": "private",
                "_meta": {"io.modelcontextprotocol/serverInfo": self.info()},
            }))
        } else {
            self.serve(&call)
        };
        self.play(&call, answer)
    }

    fn refuse_probe(&self) -> Vec<Action> {
        let body = json!({"jsonrpc": "2.0", "id": "server-error",
            "error": {"code": -32600, "message": "Bad Request: Missing session ID"}});
        let mut headers = vec![("content-type", "application/json")];
        if self.config.mints_orphans {
            headers.push(("mcp-session-id", "an-orphan-that-means-nothing"));
        }
        vec![Action::Send(http::reply(400, &headers, body.to_string().as_bytes()))]
    }

    fn in_session(&self, request: &Request, method: &str) -> Vec<Action> {
        let message = request.json();
        let mut call = Call {
            request,
            method: method.to_owned(),
            params: message["params"].clone(),
            id: message["id"].clone(),
            is_stateless: false,
            version: request.header("mcp-protocol-version").unwrap_or_default().to_owned(),
            session: request.header("mcp-session-id").unwrap_or_default().to_owned(),
        };
        if method == "initialize" {
            return self.initialize(&call);
        }
        if self.config.has_sessions {
            let mut sessions = self.sessions.lock().unwrap();
            let Some(session) = sessions.get_mut(&call.session) else {
                drop(sessions);
                if call.session.is_empty() {
                    return self.refuse_probe();
                }
                let body = json!({"jsonrpc": "2.0", "id": call.id,
                    "error": {"code": -32600, "message": "Session not found"}});
                return vec![Action::Send(http::json(404, &body))];
            };
            if call.version != session.version {
                self.violation(format!(
                    "{method}: version {}, not {}",
                    call.version, session.version
                ));
            }
            call.version = session.version.clone();
            if method == "notifications/initialized" {
                session.is_initialized = true;
            } else if !session.is_initialized {
                self.violation(format!("{method}: before notifications/initialized"));
            }
            let is_request = !call.id.is_null() && !method.is_empty();
            if is_request && !session.ids.insert(call.id.to_string()) {
                self.violation(format!("{method}: the id {} for the second time", call.id));
            }
            match (method, call.params["uri"].as_str()) {
                ("logging/setLevel", _) => {
                    session.level = call.params["level"].as_str().map(str::to_owned);
                }
                ("resources/subscribe", Some(uri)) => {
                    session.subscriptions.insert(uri.to_owned());
                }
                ("resources/unsubscribe", Some(uri)) => {
                    session.subscriptions.remove(uri);
                }
                _ => {}
            }
        }
        if call.id.is_null() || message["method"].is_null() {
            if message["method"].is_null() {
                self.answered(&message);
            } else if method == "notifications/cancelled" {
                self.check_cancelled(&call.params);
            }
            return vec![Action::Send(http::reply(202, &[], b""))];
        }
        let answer = match method {
            "ping" => Answer::Result(json!({})),
            "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe"
                if self.config.offer.is_some() =>
            {
                Answer::Result(json!({}))
            }
            _ => self.serve(&call),
        };
        self.play(&call, answer)
    }

    fn initialize(&self, call: &Call) -> Vec<Action> {
        let asked = call.params["protocolVersion"].clone();
        let Some(newest) = self.config.handshake.first() else {
            let data = json!({"supported": [STATELESS], "requested": asked});
            let error =
                json!({"code": -32022, "message": "Unsupported protocol version", "data": data});
            let body = json!({"jsonrpc": "2.0", "id": call.id, "error": error});
            return vec![Action::Send(http::json(400, &body))];
        };
        let spoken = self.config.handshake.iter().find(|version| asked == **version);
        let version = (*spoken.unwrap_or(newest)).to_owned();
        let session = self.config.has_sessions.then(|| {
            let number = self.next_session.fetch_add(1, Ordering::SeqCst);
            let id = format!("session-{number}");
            let capabilities = call.params["capabilities"].clone();
            let ids = BTreeSet::from([call.id.to_string()]);
            let version = version.clone();
            let session = Session { version, capabilities, ids, ..Session::default() };
            self.sessions.lock().unwrap().insert(id.clone(), session);
            id
        });
        let result = json!({
            "protocolVersion": version,
            "capabilities": self.capabilities(true),
            "serverInfo": self.info(),
            "instructions": "Be kind.",
        });
        self.form(call, json!({"result": result}).to_string(), session.as_deref())
    }
}
