//! An MCP server that accepts the tokens of an authorization server.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Log, Request, Server, http};
use serde_json::{Value, json};

use crate::authority::jws::check_proof;
use crate::authority::{Core, WELL_KNOWN, merge};

/// The protection of the server.
#[derive(Clone)]
pub struct Wall {
    /// Whose tokens are taken, and who is named in the metadata.
    pub trusts: Arc<Core>,
    /// The paths of the metadata.
    pub places: Vec<String>,
    /// Over the metadata; null takes a member away.
    pub metadata: Value,
    /// All of WWW-Authenticate in place of what belongs there.
    pub challenge: Option<String>,
    /// `scope` of the challenge.
    pub scope: Option<String>,
    /// Scopes that a tool needs.
    pub needs: HashMap<String, String>,
    /// Whatever the token, the tools that need a scope lack it.
    pub never_enough: bool,
    /// Whatever the token, it is refused.
    pub refuses: bool,
    /// The reply to a request whose token is not good, in place of the challenge.
    pub refusal: Option<Vec<Action>>,
    /// The reply to `server/discover`.
    pub probe: Option<Vec<Action>>,
    /// Whatever the token, it is refused in this session.
    pub lost_session: Option<String>,
    /// It takes requests and says nothing.
    pub hangs: bool,
    /// A good token is shown in the answer, which is an error.
    pub reflects: bool,
    /// The authorization server is at the origin of the MCP server.
    pub is_own_authority: bool,
    pub wants_dpop: bool,
    pub nonce: Option<String>,
    /// The status for a request without a good token.
    pub refusal_status: u16,
    /// All answers to requests of a well-known path.
    pub metadata_reply: Option<Vec<Action>>,
}

pub struct Guarded {
    pub server: Server,
    pub mcp: Arc<Mcp>,
    wall: Arc<Mutex<Wall>>,
    accepted: Arc<AtomicUsize>,
    drops: Arc<AtomicUsize>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Guarded {
    pub fn new(trusts: Arc<Core>) -> Self {
        Self::of(trusts, Config::stateless(Offer::default()))
    }

    pub fn of(trusts: Arc<Core>, config: Config) -> Self {
        let wall = Arc::new(Mutex::new(Wall {
            trusts,
            places: vec![format!("{WELL_KNOWN}/mcp")],
            metadata: json!({}),
            challenge: None,
            scope: None,
            needs: HashMap::new(),
            never_enough: false,
            refuses: false,
            refusal: None,
            probe: None,
            lost_session: None,
            hangs: false,
            reflects: false,
            is_own_authority: false,
            wants_dpop: false,
            nonce: None,
            refusal_status: 401,
            metadata_reply: None,
        }));
        let (mcp, accepted) = (Arc::new(Mcp::new(config)), Arc::new(AtomicUsize::new(0)));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let jtis = Mutex::new(HashSet::new());
        let (shared, walls) = (mcp.clone(), wall.clone());
        let (counts, wrong) = (accepted.clone(), complaints.clone());
        let drops = Arc::new(AtomicUsize::new(0));
        let left = drops.clone();
        let server = Server::start(move |request| {
            let wall = walls.lock().unwrap().clone();
            let less = |left: usize| left.checked_sub(1);
            if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
                return vec![Action::Close];
            }
            match wall.stops(request, &mut jtis.lock().unwrap(), &mut wrong.lock().unwrap()) {
                Some(actions) => actions,
                None => {
                    counts.fetch_add(1, Ordering::SeqCst);
                    shared.handle(request)
                }
            }
        });
        Self { server, mcp, wall, accepted, drops, complaints }
    }

    pub fn url(&self) -> String {
        self.server.url("/mcp")
    }

    pub fn log(&self) -> &Arc<Log> {
        self.server.log()
    }

    pub fn set(&self, change: impl FnOnce(&mut Wall)) {
        change(&mut self.wall.lock().unwrap());
    }

    pub fn wall(&self) -> Wall {
        self.wall.lock().unwrap().clone()
    }

    /// So many requests from now on find their connection closed.
    pub fn drops(&self, count: usize) {
        self.drops.store(count, Ordering::SeqCst);
    }

    /// How many requests came through.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn has_no_complaint(&self) {
        assert_eq!(*self.complaints.lock().unwrap(), [""; 0]);
        assert_eq!(self.mcp.violations(), [""; 0]);
    }

    /// The paths of the metadata that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        let all = self.log().that(|request| request.path().contains("/.well-known/"));
        all.iter().map(|request| request.path().to_owned()).collect()
    }

    /// How many requests of MCP itself have come.
    pub fn calls(&self) -> Vec<Request> {
        self.log().that(|request| request.path() == "/mcp")
    }
}

impl Wall {
    fn stops(
        &self,
        request: &Request,
        jtis: &mut HashSet<String>,
        complaints: &mut Vec<String>,
    ) -> Option<Vec<Action>> {
        if self.hangs {
            return Some(vec![Action::Hang]);
        }
        let path = request.path();
        let base = format!("http://{}", request.header("host").unwrap_or_default());
        if path.contains(WELL_KNOWN) || path == "/custom/metadata" {
            if request.header("authorization").is_some() || request.header("x-api-key").is_some() {
                complaints.push(format!("{path}: a credential"));
            }
            return Some(self.metadata(&base, path));
        }
        if self.is_own_authority && path != "/mcp" {
            return Some(self.trusts.handle(request));
        }
        if path != "/mcp" {
            return Some(reply(404, &[]));
        }
        if request.target.contains("access_token") {
            complaints.push("a token in the URL".into());
        }
        let given =
            request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let given: Vec<_> = given.map(|(_, value)| value.as_str()).collect();
        if given.len() > 1 {
            complaints.push("more than one Authorization".into());
        }
        let header = given.first().copied().unwrap_or_default();
        if header.is_empty() {
            return Some(self.challenge(&base, ""));
        }
        let (kind, text) = header.split_once(' ').unwrap_or_default();
        if self.reflects && self.trusts.token(text).is_some() {
            let body = format!("what is {text}?");
            return Some(vec![Action::Send(http::reply(400, &[], body.as_bytes()))]);
        }
        let token = self.trusts.token(text);
        let session = request.header("mcp-session-id");
        let is_lost = session.is_some() && session == self.lost_session.as_deref();
        let Some(token) = token.filter(|_| !self.refuses && !is_lost) else {
            if let Some(actions) = &self.refusal {
                return Some(actions.clone());
            }
            return Some(self.challenge(&base, "invalid_token"));
        };
        if kind != if token.thumbprint.is_some() { "DPoP" } else { "Bearer" } {
            complaints.push(format!("scheme {kind}"));
            return Some(self.challenge(&base, "invalid_token"));
        }
        if let Some(wanted) = &token.thumbprint {
            let proof = request.header("dpop").unwrap_or_default();
            let url = format!("{base}{path}");
            let proof = match check_proof(proof, &request.method, &url, Some(text), jtis) {
                Ok(proof) => proof,
                Err(why) => {
                    complaints.push(format!("proof: {why}"));
                    return Some(self.challenge(&base, "invalid_dpop_proof"));
                }
            };
            if proof.thumbprint != *wanted {
                complaints.push("proof: another key".into());
                return Some(self.challenge(&base, "invalid_token"));
            }
            if let Some(nonce) =
                self.nonce.as_ref().filter(|nonce| Some(*nonce) != proof.nonce.as_ref())
            {
                let challenge = "DPoP error=\"use_dpop_nonce\"";
                let headers = [("www-authenticate", challenge), ("dpop-nonce", nonce)];
                return Some(reply(401, &headers));
            }
        } else if self.wants_dpop {
            return Some(self.challenge(&base, "invalid_token"));
        }
        let message = request.json();
        if let (Some(actions), true) = (&self.probe, message["method"] == "server/discover") {
            return Some(actions.clone());
        }
        let tool = message["params"]["name"].as_str().unwrap_or_default();
        let needed = self.needs.get(tool).filter(|_| message["method"] == "tools/call")?;
        let has = |one: &str| token.scope.split(' ').any(|scope| scope == one);
        if !self.never_enough && needed.split(' ').all(has) {
            return None;
        }
        let challenge = format!(
            "Bearer error=\"insufficient_scope\", scope=\"{needed}\", \
             resource_metadata=\"{base}{}\", error_description=\"more is needed\"",
            self.place(),
        );
        Some(reply(403, &[("www-authenticate", &challenge)]))
    }

    fn place(&self) -> String {
        self.places.first().cloned().unwrap_or_else(|| format!("{WELL_KNOWN}/mcp"))
    }

    fn challenge(&self, base: &str, error: &str) -> Vec<Action> {
        let scheme = if self.wants_dpop { "DPoP" } else { "Bearer" };
        let mut text = format!("{scheme} resource_metadata=\"{base}{}\"", self.place());
        if !error.is_empty() {
            text.push_str(&format!(", error=\"{error}\""));
        }
        if let Some(scope) = &self.scope {
            text.push_str(&format!(", scope=\"{scope}\""));
        }
        match self.challenge.as_deref() {
            Some("") => reply(self.refusal_status, &[]),
            Some(text) => reply(self.refusal_status, &[("www-authenticate", text)]),
            None => reply(self.refusal_status, &[("www-authenticate", &text)]),
        }
    }

    fn metadata(&self, base: &str, path: &str) -> Vec<Action> {
        if let Some(actions) = &self.metadata_reply {
            return actions.clone();
        }
        if !self.places.iter().any(|place| place == path) {
            return reply(404, &[("content-type", "text/html")]);
        }
        let mut document = json!({
            "resource": format!("{base}/mcp"),
            "authorization_servers": [self.trusts.issuer()],
            "bearer_methods_supported": ["header"],
        });
        merge(&mut document, &self.metadata);
        vec![Action::Send(http::json(200, &document))]
    }
}

fn reply(status: u16, headers: &[(&str, &str)]) -> Vec<Action> {
    vec![Action::Send(http::reply(status, headers, b""))]
}
