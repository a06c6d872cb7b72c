//! One exchange: from a refusal to a token, whatever that takes.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::auth::Need;
use crate::auth::oauth::Auth;
use crate::auth::oauth::account::{Account, Held};
use crate::auth::oauth::answer::{Granted, Proof, TokenType as Granting};
use crate::auth::oauth::discover::Found;
use crate::auth::oauth::jwt::Key;
use crate::auth::oauth::keeper::Keeper;
use crate::auth::oauth::scope::{self, Sources};
use crate::auth::oauth::settings::Settings;
use crate::auth::oauth::store::Held as Lock;
use crate::auth::oauth::store::entry::{Endpoint, TokenType, Tokens};
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::transport::agent::Agent;
use crate::transport::gate::Turn;
use crate::transport::wait::Wait;
use crate::wire::challenge::Challenge;

/// How long all requests of an exchange may take, the person aside.
const LIMIT: Duration = Duration::from_secs(60);

/// Why a token is needed.
#[derive(Clone, Copy)]
pub(crate) enum Reason<'a> {
    /// A request is to be sent, and the token is not known or old.
    Begin,
    /// The program wants one although no server has asked for it.
    Wanted,
    /// A request was refused for its token, or for having none.
    Refused { refused: Option<&'a Token>, challenge: Option<&'a Challenge>, only_dpop: bool },
    /// A request was refused because its token is not good for that.
    Widen { refused: Option<&'a Token>, challenge: Option<&'a Challenge> },
}

impl<'a> Reason<'a> {
    pub(super) fn challenge(self) -> Option<&'a Challenge> {
        match self {
            Self::Begin | Self::Wanted => None,
            Self::Refused { challenge, .. } | Self::Widen { challenge, .. } => challenge,
        }
    }

    fn refused(self) -> Option<&'a Token> {
        match self {
            Self::Begin | Self::Wanted => None,
            Self::Refused { refused, .. } | Self::Widen { refused, .. } => refused,
        }
    }
}

pub(crate) struct Exchange<'a> {
    pub(super) auth: &'a Arc<Auth>,
    pub(super) account: &'a Account,
    pub(super) need: Need<'a>,
    pub(super) settings: Arc<Settings>,
    pub(super) keeper: Keeper<'a>,
    /// What no message may show, as it comes.
    secrets: RefCell<Vec<Secret>>,
}

/// What is asked for.
#[derive(Clone)]
pub(super) struct Wish {
    /// None: left to the server.
    pub(super) scopes: Vec<String>,
    pub(super) needs_consent: bool,
    /// The key that the token is to be bound to.
    pub(super) key: Option<Arc<Key>>,
    pub(super) demands_dpop: bool,
}

impl Wish {
    pub(super) fn scope(&self) -> Option<String> {
        (!self.scopes.is_empty()).then(|| scope::join(&self.scopes))
    }

    /// How a token that comes of it may be bound.
    pub(super) fn proof(&self) -> Proof {
        match self.key {
            None => Proof::None,
            Some(_) if self.demands_dpop => Proof::Demanded,
            Some(_) => Proof::Sent,
        }
    }
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(auth: &'a Arc<Auth>, account: &'a Account, need: Need<'a>) -> Self {
        let settings = auth.begin();
        let secrets = RefCell::new(settings.secrets().collect());
        let keeper = Keeper::new(settings.store.clone(), need);
        Self { auth, account, need, settings, keeper, secrets }
    }

    /// The token to go on with; `None` to go on without one.
    pub(crate) async fn run(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        let done = match reason {
            Reason::Begin => self.prepare().await,
            _ => self.replace(reason).await,
        };
        done.map_err(|error| error.masked(&self.secrets.borrow()))
    }

    /// Finds out with which token the first request goes, or renews one whose
    /// end is near.
    async fn prepare(&self) -> Result<Option<Token>> {
        let held = self.account.held();
        let _turn = match held.filter(|held| !held.is_over()) {
            // Whoever has a good token does not wait for another.
            Some(held) => match self.auth.gate.try_enter() {
                Some(turn) => turn,
                None => return Ok(Some(held.token.clone())),
            },
            None => match self.enter(|| self.account.ready(|_| true).is_some()).await? {
                Some(turn) => turn,
                None => return Ok(self.account.held().map(|held| held.token.clone())),
            },
        };
        if !self.account.is_loaded() {
            let kept = self.kept().await?;
            self.account.set(kept);
        }
        let can_renew =
            |held: &Held| held.entry.refresh_token.is_some() || !self.settings.grant.needs_person();
        if let Some(ready) = self.account.ready(can_renew) {
            return Ok(ready);
        }
        let Some(held) = self.account.held() else { return Ok(None) };
        match self.renew(&held).await {
            Ok(token) => Ok(token),
            Err(error) if held.is_over() => Err(error),
            Err(_) => {
                self.need.wait.check()?;
                self.account.put_off();
                Ok(Some(held.token.clone()))
            }
        }
    }

    /// Gets another token than one that was refused.
    async fn replace(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        let refused = reason.refused();
        let is_done = || match reason {
            Reason::Wanted => self.account.held().is_some_and(|held| !held.is_over()),
            _ => self.account.other_than(refused).is_some(),
        };
        let Some(_turn) = self.enter(is_done).await? else {
            return Ok(self.account.held().map(|held| held.token.clone()));
        };
        if is_done() {
            return Ok(self.account.held().map(|held| held.token.clone()));
        }
        // Another process may have been here before.
        if let Some(kept) = self.kept().await? {
            let is_new = refused.is_none_or(|refused| *refused != kept.token) && !kept.is_over();
            self.account.set(Some(kept.clone()));
            if is_new {
                return Ok(Some(kept.token.clone()));
            }
        } else if !self.account.is_loaded() {
            self.account.set(None);
        }
        self.account.begin()?;
        let token = self.obtain(reason).await?;
        self.need.wait.restart();
        Ok(Some(token))
    }

    async fn obtain(&self, reason: Reason<'_>) -> Result<Token> {
        let agent = self.agent().await?;
        let held = self.account.held();
        let is_wider = matches!(reason, Reason::Widen { .. });
        if is_wider {
            self.wider(held.as_deref(), reason.challenge())?;
        } else if held.as_ref().is_none_or(|held| held.entry.refresh_token.is_none()) {
            self.check_means()?;
        }
        let found = self.discover(&agent, reason.challenge(), &self.limit()).await?;
        let held = held.filter(|held| held.is_of(&found));
        let mut wish = self.wish(&found, held.as_deref(), reason)?;
        if let Some(held) = held.filter(|held| held.entry.refresh_token.is_some() && !is_wider) {
            match self.refresh(&agent, &found, &held).await? {
                Some(token) => return Ok(token),
                None => {
                    self.check_means()?;
                    wish = self.wish(&found, None, reason)?;
                }
            }
        }
        self.begin_anew(&agent, &found, wish).await
    }

    /// Waits for the exchange of another, which may wait for a person.
    pub(super) async fn enter(&self, is_done: impl Fn() -> bool) -> Result<Option<Turn<'_>>> {
        let patience = self.settings.sign_in_timeout + LIMIT;
        let wait = self.need.wait.at_most_beyond(patience);
        let turn =
            self.auth.gate.enter(&wait, is_done).await.map_err(|error| match error.status() {
                Status::Timeout => error.during("waiting for the authorization of another call"),
                _ => error,
            });
        self.need.wait.restart();
        turn
    }

    /// The part of the caller's time that requests to other servers may take.
    pub(super) fn limit(&self) -> Wait {
        self.need.wait.at_most(LIMIT)
    }

    /// What no message may show from here on.
    pub(super) fn hide(&self, secret: &Secret) {
        self.secrets.borrow_mut().push(secret.clone());
    }

    pub(super) fn hidden(&self) -> Vec<Secret> {
        self.secrets.borrow().clone()
    }

    pub(super) async fn agent(&self) -> Result<Agent> {
        self.need.caller.agent(self.settings.allows_private, &self.limit()).await
    }

    /// What the store has for this endpoint.
    pub(super) async fn kept(&self) -> Result<Option<Arc<Held>>> {
        let key = Endpoint::key(&self.account.endpoint);
        let Some(endpoint) = self.keeper.read::<Endpoint>(&key).await? else { return Ok(None) };
        if self.settings.issuer.as_ref().is_some_and(|pinned| *pinned != endpoint.issuer) {
            return Ok(None);
        }
        if self.settings.client.as_ref().is_some_and(|client| client.id != endpoint.client_id) {
            return Ok(None);
        }
        let Some(tokens) = self.keeper.read::<Tokens>(&endpoint.tokens()).await? else {
            return Ok(None);
        };
        // The very same as before keeps what is known of it besides.
        let held = self.account.held();
        if let Some(held) = held.filter(|held| held.entry.access_token == tokens.access_token) {
            return Ok(Some(held));
        }
        self.hide(&tokens.access_token);
        let key = self.key_of(&tokens)?;
        Ok(Some(Held::kept(tokens, key)))
    }

    /// The key that kept tokens are bound to.
    pub(super) fn key_of(&self, tokens: &Tokens) -> Result<Option<Arc<Key>>> {
        match &tokens.dpop_key {
            Some(stored) => Key::from_stored(stored.expose()).map(|key| Some(Arc::new(key))),
            None => Ok(self.settings.dpop_key.clone()),
        }
    }

    /// The scopes of a wider token, where that would be any better than the
    /// one there is.
    fn wider(&self, held: Option<&Held>, challenge: Option<&Challenge>) -> Result<Vec<String>> {
        let wanted = challenge.and_then(|challenge| challenge.get("scope"));
        let before = held.and_then(|held| held.entry.requested_scope.as_deref());
        let before = scope::split(before.unwrap_or_default());
        let refused = |why: String| Err(Error::new(Status::Forbidden, why));
        let Some(wider) = scope::wider(&before, &before, wanted) else {
            return refused(match wanted {
                None | Some("") => "the token is not good for this, and the server does not say \
                                    which scope it lacks"
                    .to_owned(),
                Some(wanted) => format!(
                    "the server wants the scope \"{}\", which the token was just asked for",
                    quote(wanted)
                ),
            });
        };
        if self.account.was_declined(&scope::join(&wider)) {
            return refused(format!(
                "the scope \"{}\" was not granted when it was asked for",
                quote(&scope::join(&wider))
            ));
        }
        Ok(wider)
    }

    /// The scope to ask for and the key to bind the token to.
    fn wish(&self, found: &Found, held: Option<&Held>, reason: Reason<'_>) -> Result<Wish> {
        let sources = Sources {
            program: self.settings.scope.as_deref(),
            challenge: reason.challenge().and_then(|challenge| challenge.get("scope")),
            resource: found.scopes.as_deref(),
            server: found.server.scopes_supported.as_deref(),
            is_browser: self.settings.grant.needs_person(),
        };
        let scopes = match reason {
            Reason::Widen { challenge, .. } => self.wider(held, challenge)?,
            _ => sources.first(),
        };
        let needs_consent = sources.needs_consent(&scopes);
        let demands_dpop = self.settings.dpop == Some(true) || found.demands_dpop;
        let only_dpop = matches!(reason, Reason::Refused { only_dpop: true, .. });
        let was_bound = held.is_some_and(|held| held.token.key().is_some());
        let wants_dpop =
            self.settings.dpop != Some(false) && (demands_dpop || only_dpop || was_bound);
        let key = if wants_dpop { self.dpop_key(found, held, demands_dpop)? } else { None };
        Ok(Wish { scopes, needs_consent, key, demands_dpop })
    }

    fn dpop_key(
        &self,
        found: &Found,
        held: Option<&Held>,
        is_demanded: bool,
    ) -> Result<Option<Arc<Key>>> {
        let algorithm = match found.dpop_algorithm(self.settings.dpop_key.as_deref()) {
            Ok(algorithm) => algorithm,
            Err(_) if !is_demanded => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(key) = &self.settings.dpop_key {
            return Ok(Some(key.clone()));
        }
        if let Some(key) = held.and_then(|held| held.token.key()) {
            return Ok(Some(key.clone()));
        }
        Key::generate_for(algorithm).map(|key| Some(Arc::new(key)))
    }

    /// Puts what was granted where it is used, and where it is kept.
    pub(super) async fn take(
        &self,
        granted: Granted,
        found: &Found,
        client_id: &str,
        wish: &Wish,
        since: (Instant, SystemTime),
        lock: Option<&Arc<Lock>>,
    ) -> Result<Token> {
        let token_type = match granted.token_type {
            Granting::DPoP => TokenType::Dpop,
            Granting::Bearer | Granting::NotApplicable => TokenType::Bearer,
        };
        self.hide(&granted.access_token);
        let life = granted.expires_in.map(Duration::from_secs);
        let expires_at = life.and_then(|life| {
            let end = since.1.checked_add(life)?;
            end.duration_since(UNIX_EPOCH).ok().map(|end| end.as_secs())
        });
        let own_key = self.settings.dpop_key.is_some();
        let key = wish.key.clone().filter(|_| token_type == TokenType::Dpop);
        let entry = Tokens {
            issuer: found.issuer().to_owned(),
            resource: found.resource.clone(),
            client_id: client_id.to_owned(),
            access_token: granted.access_token,
            token_type,
            expires_at,
            // Grants without a person begin anew instead.
            refresh_token: granted.refresh_token.filter(|_| self.settings.grant.needs_person()),
            requested_scope: wish.scope(),
            granted_scope: granted.scope.or_else(|| wish.scope()),
            token_endpoint: found.server.token_endpoint(found.plain)?.to_owned(),
            dpop_key: key.as_ref().filter(|_| !own_key).and_then(|key| key.stored()),
            ..Tokens::default()
        };
        self.keep(&entry, lock).await;
        let held = Held::new(entry, key, since.0, life, Some(found.server.clone()));
        let token = held.token.clone();
        self.account.set(Some(held));
        Ok(token)
    }

    /// Keeps tokens before they are used: a server that has replaced a refresh
    /// token takes the old one for stolen.
    async fn keep(&self, entry: &Tokens, lock: Option<&Arc<Lock>>) {
        let endpoint = Endpoint {
            endpoint: Secret::from(self.account.endpoint.as_str()),
            issuer: entry.issuer.clone(),
            resource: entry.resource.clone(),
            client_id: entry.client_id.clone(),
            ..Endpoint::default()
        };
        let kept = async {
            let lock = match lock {
                Some(lock) => lock.clone(),
                None => self.keeper.lock(&self.limit()).await?,
            };
            self.keeper.write(&lock, entry).await?;
            self.keeper.write(&lock, &endpoint).await?;
            // Those of an earlier registration: nobody would find them again.
            let earlier = self.account.held().filter(|held| {
                let old = &held.entry;
                (&old.issuer, &old.resource) == (&entry.issuer, &entry.resource)
                    && old.client_id != entry.client_id
            });
            match earlier {
                Some(held) => {
                    let old = &held.entry;
                    let key = Tokens::key(&old.issuer, &old.resource, &old.client_id);
                    self.keeper.remove(&lock, key).await
                }
                None => Ok(()),
            }
        };
        if kept.await.is_err() {
            self.need.caller.store_failed();
        }
    }
}

impl Held {
    /// Whether it is for what was found.
    fn is_of(&self, found: &Found) -> bool {
        self.entry.issuer == found.issuer() && self.entry.resource == found.resource
    }
}
