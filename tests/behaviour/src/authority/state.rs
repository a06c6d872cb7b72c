//! What an authorization server has issued.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::authority::Registered;
use crate::authority::device::Device;

/// The grant behind an access token or a refresh token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub client: String,
    pub scope: String,
    pub resource: String,
    pub family: usize,
    /// The key that it is bound to.
    pub thumbprint: Option<String>,
    pub until: Option<Instant>,
    number: usize,
}

/// What was asked for in an authorization request.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub client: String,
    pub redirect: String,
    pub challenge: String,
    pub scope: String,
    pub resource: String,
    pub thumbprint: Option<String>,
    pub family: usize,
    pub is_used: bool,
    pub gives_refresh: bool,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub clients: HashMap<String, Registered>,
    pub codes: HashMap<String, Code>,
    pub devices: HashMap<String, Device>,
    pub access: HashMap<String, Token>,
    pub refresh: HashMap<String, Token>,
    /// Refresh tokens that were good once.
    pub used: HashMap<String, usize>,
    pub assertions: Vec<String>,
    pub jtis: HashSet<String>,
    pub complaints: Vec<String>,
    pub secrets: Vec<String>,
    next: usize,
}

impl State {
    /// A text that was never there before, and is in no other one.
    pub fn fresh(&mut self, kind: &str) -> String {
        self.next += 1;
        let random = crate::authority::jws::sha256(&format!("{:p}{}", self, self.next));
        let text = format!("{kind}-{}-{}", self.next, &random[..20]);
        if kind != "client" {
            self.secrets.push(text.clone());
        }
        text
    }

    pub fn number(&mut self) -> usize {
        self.next += 1;
        self.next
    }

    pub fn good(&self, token: &str) -> Option<Token> {
        let found = self.access.get(token)?;
        let is_good = found.until.is_none_or(|until| Instant::now() < until);
        is_good.then(|| found.clone())
    }

    pub fn all_good(&self) -> Vec<(String, Token)> {
        let all = self.access.keys().filter_map(|name| Some((name.clone(), self.good(name)?)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, token)| token.number);
        all
    }

    pub fn expire(&mut self) {
        self.access.clear();
    }

    pub fn revoke_family(&mut self, family: usize) {
        self.access.retain(|_, token| token.family != family);
        self.refresh.retain(|_, token| token.family != family);
    }

    pub fn rotate(&mut self) -> Option<String> {
        let (old, token) = self.refresh.iter().next().map(|(a, b)| (a.clone(), b.clone()))?;
        self.refresh.remove(&old);
        self.used.insert(old, token.family);
        let new = self.fresh("rt");
        self.refresh.insert(new.clone(), token);
        Some(new)
    }

    /// An access token, and a refresh token where that is wanted.
    pub fn issue(
        &mut self,
        code: &Code,
        lives: Option<Duration>,
        has_refresh: bool,
    ) -> (String, Option<String>) {
        let token = Token {
            client: code.client.clone(),
            scope: code.scope.clone(),
            resource: code.resource.clone(),
            family: code.family,
            thumbprint: code.thumbprint.clone(),
            until: lives.map(|time| Instant::now() + time),
            number: self.number(),
        };
        let access = self.fresh("at");
        self.access.insert(access.clone(), token.clone());
        let refresh = has_refresh.then(|| self.fresh("rt"));
        if let Some(refresh) = &refresh {
            self.refresh.insert(refresh.clone(), Token { until: None, ..token });
        }
        (access, refresh)
    }
}
