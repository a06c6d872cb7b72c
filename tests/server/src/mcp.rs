//! A server that behaves: any set of revisions, with and without sessions. It
//! decides what to answer, whatever carries it, and notes what a client does
//! wrong.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::http::Request;
use crate::offer::Offer;
use crate::questions::Questions;
use crate::resumption::Broken;
use crate::streams::Streams;
use crate::tasks::Tasks;
use crate::{Action, Carrier, Gate};

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
    pub carrier: Carrier,
}

/// What comes back, before it is known in which form.
#[derive(Debug)]
pub enum Answer {
    Result(Value),
    Error {
        code: i32,
        message: String,
        data: Value,
    },
    /// The members of a message but for the version and the id, as they are.
    Text(String),
    /// What stands where a message should be, whatever it is.
    Body(Vec<u8>),
    Play(Vec<Action>),
}

/// What there is to say to a message.
#[derive(Debug)]
pub(crate) enum Said {
    /// It is no request.
    Nothing,
    /// It belongs to a session that is not there.
    NoSession,
    Answer(Answer),
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
    next_ping: AtomicUsize,
    requests: AtomicUsize,
    pub(crate) has_expired: AtomicBool,
    pub(crate) reads: AtomicUsize,
    is_renamed: AtomicBool,
    pub(crate) questions: Mutex<Questions>,
    pub(crate) streams: Mutex<Streams>,
    pub(crate) tasks: Mutex<Tasks>,
    pub(crate) broken: Mutex<HashMap<String, Broken>>,
    gates: Mutex<HashMap<String, Gate>>,
}

impl Mcp {
    pub fn new(config: Config) -> Self {
        Self {
            config,
            sessions: Mutex::default(),
            violations: Mutex::default(),
            next_session: AtomicUsize::new(1),
            next_ping: AtomicUsize::new(1),
            requests: AtomicUsize::new(0),
            has_expired: AtomicBool::new(false),
            reads: AtomicUsize::new(0),
            is_renamed: AtomicBool::new(false),
            questions: Mutex::default(),
            streams: Mutex::default(),
            tasks: Mutex::default(),
            broken: Mutex::default(),
            gates: Mutex::default(),
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

    /// Forgets the sessions before a message, if it is time for that.
    pub(crate) fn may_forget(&self, method: &str) -> bool {
        let Some(every) = self.config.forgets_every else { return false };
        let is_time =
            method == "ping" && self.requests.fetch_add(1, Ordering::SeqCst) % every == every - 1;
        if is_time {
            self.forget_sessions();
        }
        is_time
    }

    pub(crate) fn new_session(&self) -> String {
        format!("session-{}", self.next_session.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn new_ping(&self) -> String {
        format!("ping-{}", self.next_ping.fetch_add(1, Ordering::SeqCst))
    }

    pub(crate) fn end_session(&self, id: &str) -> bool {
        self.sessions.lock().unwrap().remove(id).is_some()
    }

    /// What there is to say to a message. An `initialize` begins the session
    /// that the call names.
    pub(crate) fn answer(&self, call: &mut Call) -> Said {
        if call.is_stateless {
            return self.answer_stateless(call);
        }
        if call.method == "initialize" {
            return Said::Answer(self.initialize(call));
        }
        if (self.config.has_sessions || call.carrier != Carrier::Http) && !self.keep(call) {
            return Said::NoSession;
        }
        if call.id.is_null() {
            if call.method == "notifications/cancelled" {
                self.check_cancelled(&call.params);
            }
            return Said::Nothing;
        }
        if call.method.is_empty() {
            self.answered(&call.request.json());
            return Said::Nothing;
        }
        Said::Answer(match call.method.as_str() {
            "ping" => Answer::Result(json!({})),
            "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe"
                if self.config.offer.is_some() =>
            {
                Answer::Result(json!({}))
            }
            _ => self.serve(call),
        })
    }

    fn answer_stateless(&self, call: &Call) -> Said {
        if call.version != STATELESS {
            return Said::Answer(unsupported(&json!(call.version)));
        }
        let is_http = call.carrier == Carrier::Http;
        if is_http && call.request.header("mcp-method") != Some(&call.method) {
            return Said::Answer(Answer::error(-32020, "header mismatch", Value::Null));
        }
        if call.id.is_null() || call.method.is_empty() {
            return Said::Nothing;
        }
        Said::Answer(match call.method.as_str() {
            "server/discover" => Answer::Result(json!({
                "resultType": "complete",
                "supportedVersions": [STATELESS],
                "capabilities": self.capabilities(false),
                "instructions": "Be kind.",
                "ttlMs": 0,
                "cacheScope": "private",
                "_meta": {"io.modelcontextprotocol/serverInfo": self.info()},
            })),
            _ => self.serve(call),
        })
    }

    /// Keeps what a message says about its session; false if that is not
    /// there.
    fn keep(&self, call: &mut Call) -> bool {
        let method = call.method.as_str();
        let mut sessions = self.sessions.lock().unwrap();
        let Some(session) = sessions.get_mut(&call.session) else { return false };
        let must_say = call.carrier == Carrier::Http;
        if call.version != session.version && (must_say || !call.version.is_empty()) {
            self.violation(format!("{method}: version {}, not {}", call.version, session.version));
        }
        call.version.clone_from(&session.version);
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
        true
    }

    fn initialize(&self, call: &Call) -> Answer {
        let asked = &call.params["protocolVersion"];
        let Some(newest) = self.config.handshake.first() else {
            return unsupported(asked);
        };
        let spoken = self.config.handshake.iter().find(|version| *asked == **version);
        let version = (*spoken.unwrap_or(newest)).to_owned();
        if !call.session.is_empty() {
            let capabilities = call.params["capabilities"].clone();
            let ids = BTreeSet::from([call.id.to_string()]);
            let version = version.clone();
            let session = Session { version, capabilities, ids, ..Session::default() };
            let was = self.sessions.lock().unwrap().insert(call.session.clone(), session);
            if was.is_some() {
                self.violation("initialize: for the second time");
            }
        }
        Answer::Result(json!({
            "protocolVersion": version,
            "capabilities": self.capabilities(true),
            "serverInfo": self.info(),
            "instructions": "Be kind.",
        }))
    }

    /// The steps of an answer in their turn: those of a tool's call whose
    /// argument `after_label` is the `label` of another call come after that one's.
    pub(crate) fn in_turn(&self, call: &Call, mut actions: Vec<Action>) -> Vec<Action> {
        let arguments = &call.params["arguments"];
        if call.method == "tools/call" {
            if let Some(other) = arguments["after_label"].as_str() {
                actions.insert(0, Action::Await(self.gate(other)));
            }
            if let Some(label) = arguments["label"].as_str() {
                actions.push(Action::Open(self.gate(label)));
            }
        }
        actions
    }

    /// What the answers with this label wait for.
    pub fn gate(&self, label: &str) -> Gate {
        self.gates.lock().unwrap().entry(label.to_owned()).or_default().clone()
    }
}

fn unsupported(asked: &Value) -> Answer {
    let data = json!({"supported": [STATELESS], "requested": asked});
    Answer::error(-32022, "Unsupported protocol version", data)
}
