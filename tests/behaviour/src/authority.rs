//! A correct authorization server: it checks every secret, accepts each code and
//! refresh token once, and notes what a client does wrong. [`Knobs`] and injected
//! responses change what it does.

mod clients;
mod device;
pub mod form;
mod grants;
pub mod guarded;
pub mod jws;
mod knobs;
pub mod scene;
mod state;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use mcp_test_server::{Action, Log, Request, Server, http};
use serde_json::{Value, json};

pub use clients::Registered;
pub use device::DEVICE_GRANT;
pub use form::Form;
pub use guarded::{Guarded, Wall};
pub use jws::Key;
pub use knobs::{Iss, Knobs, Metadata, Refuse, WELL_KNOWN, merge};
pub use scene::{Browser, Scene};
use state::State;
pub use state::Token;

/// A step of an exchange at this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Metadata,
    Register,
    Authorize,
    /// Of a code, or without a person.
    Token,
    Refresh,
    Revoke,
    /// The request for a device code.
    Device,
    /// A token request with a device code.
    Poll,
    Nothing,
}

type Rewrite = dyn Fn(&[u8]) -> Vec<u8> + Send;

/// The server without what carries it.
#[derive(Default)]
pub struct Core {
    base: OnceLock<String>,
    knobs: Mutex<Knobs>,
    state: Mutex<State>,
    injected: Mutex<HashMap<Step, VecDeque<Vec<Action>>>>,
    always: Mutex<HashMap<Step, Vec<Action>>>,
    /// Changes each reply that is not for the browser.
    rewrite: Mutex<Option<Box<Rewrite>>>,
    /// Who takes the ID-JAGs of this one.
    peer: Mutex<Option<Arc<Core>>>,
}

pub struct Authority {
    pub server: Server,
    pub core: Arc<Core>,
}

impl Authority {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let core = Arc::new(Core::default());
        let shared = core.clone();
        let server = Server::start(move |request| shared.handle(request));
        core.begin(&server.url(""));
        Self { server, core }
    }

    pub fn log(&self) -> &Arc<Log> {
        self.server.log()
    }

    pub fn url(&self, path: &str) -> String {
        self.server.url(path)
    }

    /// The requests of a step, in order.
    pub fn of(&self, step: Step) -> Vec<Request> {
        self.log().that(|request| self.core.step(request) == step)
    }

    pub fn count(&self, step: Step) -> usize {
        self.of(step).len()
    }

    /// The forms of a step: the query of the authorization request, the body
    /// of the others.
    pub fn forms(&self, step: Step) -> Vec<Form> {
        let form = |request: &Request| match request.method.as_str() {
            "GET" => Form::of_url(&request.target),
            _ => Form::parse(&String::from_utf8_lossy(&request.body)),
        };
        self.of(step).iter().map(form).collect()
    }

    /// The paths that were asked for, in order.
    pub fn paths(&self) -> Vec<String> {
        self.log().requests().iter().map(|request| request.path().to_owned()).collect()
    }
}

impl std::ops::Deref for Authority {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

impl Core {
    /// Where it is.
    pub fn begin(&self, base: &str) {
        self.base.set(base.to_owned()).unwrap();
    }

    pub fn base(&self) -> &str {
        self.base.get().unwrap()
    }

    /// The text by which it is known.
    pub fn issuer(&self) -> String {
        format!("{}{}", self.base(), self.knobs().issuer_path)
    }

    pub fn knobs(&self) -> Knobs {
        self.knobs.lock().unwrap().clone()
    }

    pub fn set(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.knobs.lock().unwrap());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next request of a step is answered so.
    pub fn inject(&self, step: Step, actions: Vec<Action>) {
        self.injected.lock().unwrap().entry(step).or_default().push_back(actions);
    }

    /// The next one is answered by a whole reply.
    pub fn inject_reply(&self, step: Step, status: u16, headers: &[(&str, &str)], body: &str) {
        self.inject(step, vec![Action::Send(http::reply(status, headers, body.as_bytes()))]);
    }

    /// The next one is refused with an error of OAuth.
    pub fn inject_error(&self, step: Step, status: u16, error: &str) {
        let body = json!({"error": error, "error_description": "the server says no"});
        self.inject(step, vec![Action::Send(http::json(status, &body))]);
    }

    /// All requests of a step from now on.
    pub fn inject_always(&self, step: Step, actions: Vec<Action>) {
        self.always.lock().unwrap().insert(step, actions);
    }

    /// The requests of a step are handled again.
    pub fn serves(&self, step: Step) {
        self.always.lock().unwrap().remove(&step);
    }

    /// Each reply from now on, except for those to the browser.
    pub fn rewrite(&self, change: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) {
        *self.rewrite.lock().unwrap() = Some(Box::new(change));
    }

    /// What a client did wrong so far.
    pub fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }

    pub fn has_no_complaint(&self) {
        assert_eq!(self.complaints(), [""; 0]);
    }

    fn complain(&self, what: impl Into<String>) {
        self.state().complaints.push(what.into());
    }

    /// What may only be seen where it belongs.
    pub fn secrets(&self) -> Vec<String> {
        self.state().secrets.clone()
    }

    /// A token that is good now.
    pub fn token(&self, token: &str) -> Option<Token> {
        self.state().good(token)
    }

    /// The access tokens that are good now, the newest last.
    pub fn tokens(&self) -> Vec<(String, Token)> {
        self.state().all_good()
    }

    /// No access token is good any more; refresh tokens are.
    pub fn expire(&self) {
        self.state().expire();
    }

    /// No refresh token is good any more.
    pub fn forget_refresh_tokens(&self) {
        self.state().refresh.clear();
    }

    /// As if another process had used the refresh token: gives the new one.
    pub fn rotate(&self) -> Option<String> {
        self.state().rotate()
    }

    /// The registrations, given ones among them.
    pub fn registered(&self) -> Vec<Registered> {
        let mut all: Vec<_> = self.state().clients.values().cloned().collect();
        all.extend(self.knobs().given);
        all
    }

    pub fn forget_registrations(&self) {
        self.state().clients.clear();
    }

    /// Takes an assertion, once: an ID-JAG, or a workload's token.
    pub fn accept(&self, assertion: &str) {
        self.state().assertions.push(assertion.to_owned());
    }

    /// From now on its ID-JAGs are taken there, each once.
    pub fn gives_to(&self, peer: &Arc<Core>) {
        *self.peer.lock().unwrap() = Some(peer.clone());
    }

    pub fn step(&self, request: &Request) -> Step {
        let form = Form::parse(&String::from_utf8_lossy(&request.body));
        match (request.method.as_str(), request.path()) {
            (_, path) if path.contains("/.well-known/") => Step::Metadata,
            ("POST", "/register") => Step::Register,
            ("GET", "/authorize") => Step::Authorize,
            ("POST", "/token") if form.text("grant_type") == "refresh_token" => Step::Refresh,
            ("POST", "/token") if form.text("grant_type") == DEVICE_GRANT => Step::Poll,
            ("POST", "/token") => Step::Token,
            ("POST", "/device") => Step::Device,
            ("POST", "/revoke") => Step::Revoke,
            _ => Step::Nothing,
        }
    }

    pub fn handle(&self, request: &Request) -> Vec<Action> {
        let step = self.step(request);
        self.check_every(step, request);
        if step == Step::Poll {
            self.check_poll(&Form::parse(&String::from_utf8_lossy(&request.body)));
        }
        let next = self.injected.lock().unwrap().get_mut(&step).and_then(VecDeque::pop_front);
        if let Some(actions) = next {
            return actions;
        }
        if let Some(actions) = self.always.lock().unwrap().get(&step) {
            return actions.clone();
        }
        let reply = match step {
            Step::Metadata => self.metadata(request),
            Step::Register => self.register(request),
            Step::Authorize => self.authorize(request),
            Step::Token | Step::Refresh | Step::Poll => self.token_request(request),
            Step::Device => self.device_authorization(request),
            Step::Revoke => self.revoke(request),
            Step::Nothing => http::reply(404, &[("content-type", "text/html")], b"<p>nothing"),
        };
        let mut actions = Vec::new();
        if let Some(pause) = self.knobs().pauses.get(&step) {
            actions.push(Action::Pause(*pause));
        }
        if let Some(gate) = self.knobs().gates.get(&step) {
            actions.push(Action::Await(gate.clone()));
        }
        let rewrite = self.rewrite.lock().unwrap();
        actions.push(Action::Send(match rewrite.as_ref() {
            Some(change) if step != Step::Authorize => change(&reply),
            _ => reply,
        }));
        actions
    }

    /// What holds for all requests of a client, the browser's aside.
    fn check_every(&self, step: Step, request: &Request) {
        if step == Step::Authorize {
            return;
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let is_form =
            matches!(step, Step::Token | Step::Refresh | Step::Revoke | Step::Device | Step::Poll);
        let wanted = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
        let has_type = request.header("content-type").is_some_and(|kind| kind.starts_with(wanted));
        if request.method == "POST" && !has_type {
            self.complain(format!("{step:?}: content-type"));
        }
        if step != Step::Revoke && request.header("accept") != Some("application/json") {
            self.complain(format!("{step:?}: accept {:?}", request.header("accept")));
        }
        for name in ["referer", "cookie", "mcp-session-id", "x-api-key"] {
            if request.header(name).is_some() {
                self.complain(format!("{step:?}: {name}"));
            }
        }
        if !is_form && request.header("authorization").is_some() {
            self.complain(format!("{step:?}: a credential"));
        }
        if let (true, Some(name)) = (is_form, Form::parse(&body).repeated()) {
            self.complain(format!("{step:?}: {name} twice"));
        }
    }

    fn metadata(&self, request: &Request) -> Vec<u8> {
        let knobs = self.knobs();
        let places = knobs.served.iter().map(|form| form.path(&knobs.issuer_path));
        let mut places = places.chain(knobs.places.iter().cloned());
        if !places.any(|path| path == request.path()) {
            return http::reply(404, &[("content-type", "text/html")], b"<p>nothing");
        }
        let base = self.base();
        let mut document = json!({
            "issuer": self.issuer(),
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "revocation_endpoint": format!("{base}/revoke"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
        });
        if knobs.has_device {
            document["device_authorization_endpoint"] = json!(format!("{base}/device"));
            document["grant_types_supported"] =
                json!(["authorization_code", "refresh_token", DEVICE_GRANT]);
        }
        if knobs.has_registration {
            document["registration_endpoint"] = json!(format!("{base}/register"));
        }
        if knobs.takes_metadata_urls {
            document["client_id_metadata_document_supported"] = json!(true);
        }
        if let Some(methods) = &knobs.methods {
            document["token_endpoint_auth_methods_supported"] = json!(methods);
        }
        if knobs.says_iss {
            document["authorization_response_iss_parameter_supported"] = json!(true);
        }
        if knobs.has_dpop {
            document["dpop_signing_alg_values_supported"] = json!(["ES256", "EdDSA"]);
        }
        merge(&mut document, &knobs.metadata);
        http::json(200, &document)
    }
}

/// An error as RFC 6749 has it.
fn refusal(status: u16, error: &str, description: &str) -> Vec<u8> {
    let body: Value = json!({"error": error, "error_description": description});
    http::json(status, &body)
}
