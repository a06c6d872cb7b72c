//! One exchange: from a refusal to a token, whatever that takes.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth::callback;
use crate::auth::credential::Need;
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::store_access::StoreAccess;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::scope::{self, ScopeSources};
use crate::auth::oauth::spec::token_response::DpopUse;
use crate::auth::oauth::state::account::{Account, CachedToken, FlowPurpose};
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::reentrancy::{inside, is_inside};
use crate::auth::oauth::state::settings::Settings;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::transport::gate::Turn;
use crate::transport::wait::Wait;
use crate::wire::challenge::Challenge;

/// How often a call that waits for another one's exchange looks whether its
/// own time is over.
const LOOK: Duration = Duration::from_millis(100);
/// How long all requests of an exchange may take, the person aside.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

impl From<Reason<'_>> for FlowPurpose {
    fn from(reason: Reason<'_>) -> Self {
        match reason {
            Reason::Begin => Self::Renewal,
            Reason::Wanted => Self::SignIn,
            Reason::Refused { .. } => Self::Replacement,
            Reason::Widen { .. } => Self::Widening,
        }
    }
}

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

pub(crate) struct Flow<'a> {
    pub(super) auth: &'a Arc<Auth>,
    pub(super) account: &'a Account,
    pub(super) need: Need<'a>,
    pub(super) settings: Arc<Settings>,
    pub(super) store: StoreAccess<'a>,
    /// What no message may show, as it comes.
    secrets: RefCell<Vec<Secret>>,
    /// Whether somebody was asked for a token.
    has_asked: Cell<bool>,
    /// From when on its time counts.
    begun: Cell<Instant>,
}

/// What is asked for.
#[derive(Clone)]
pub(super) struct TokenParameters {
    /// None: left to the server.
    pub(super) scopes: Vec<String>,
    pub(super) needs_consent: bool,
    /// The key that the token is to be bound to.
    pub(super) key: Option<Arc<Key>>,
    pub(super) demands_dpop: bool,
}

impl TokenParameters {
    pub(super) fn scope(&self) -> Option<String> {
        (!self.scopes.is_empty()).then(|| scope::join(&self.scopes))
    }

    /// How a token that comes of it may be bound.
    pub(super) fn proof(&self) -> DpopUse {
        match self.key {
            None => DpopUse::None,
            Some(_) if self.demands_dpop => DpopUse::Demanded,
            Some(_) => DpopUse::Sent,
        }
    }
}

impl<'a> Flow<'a> {
    pub(crate) fn new(auth: &'a Arc<Auth>, account: &'a Account, need: Need<'a>) -> Self {
        let settings = auth.begin();
        let secrets = RefCell::new(settings.secrets().collect());
        let store = StoreAccess::new(settings.store.clone(), auth.clone(), need);
        let (has_asked, begun) = (Cell::new(false), Cell::new(Instant::now()));
        Self { auth, account, need, settings, store, secrets, has_asked, begun }
    }

    /// The token to go on with; `None` to go on without one.
    pub(crate) async fn run(&self, reason: Reason<'_>) -> Result<Option<Token>> {
        self.check_outside()?;
        let done = match reason {
            Reason::Begin => self.prepare().await,
            _ => self.replace(reason).await,
        };
        done.map_err(|error| not_the_calls(error).masked(&self.secrets.borrow()))
    }

    /// Finds out with which token the first request goes, or renews one whose
    /// end is near.
    async fn prepare(&self) -> Result<Option<Token>> {
        if !self.account.is_loaded() {
            let kept = self.kept().await?;
            self.account.set_if_not_loaded(kept);
        }
        if let Some(ready) = self.account.ready(|held| self.can_renew(held)) {
            return Ok(ready);
        }
        let held = self.account.held();
        let failures = self.account.failures();
        let is_due = || self.account.ready(|held| self.can_renew(held)).is_none();
        let _turn = match held.filter(|held| !held.is_over()) {
            // Whoever has a good token does not wait for another.
            Some(held) => match self.auth.gate.try_enter() {
                Some(turn) => turn,
                None => return Ok(Some(held.token.clone())),
            },
            None => match self.enter(|| !is_due()).await? {
                Some(turn) => turn,
                None => return Ok(self.account.held().map(|held| held.token.clone())),
            },
        };
        if let Some(ready) = self.account.ready(|held| self.can_renew(held)) {
            return Ok(ready);
        }
        if let Some(failure) = self.account.failed_since(failures, FlowPurpose::Renewal) {
            return Err(failure);
        }
        let Some(held) = self.account.held() else { return Ok(None) };
        let renewed = self.renew(&held).await;
        // It was not the server that took so long.
        self.restart_time();
        match renewed {
            Ok(token) => Ok(token),
            Err(error) if held.is_over() => Err(self.failed(FlowPurpose::Renewal, error)),
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
            Reason::Wanted => self.account.has_good(),
            _ => self.account.other_than(refused).is_some(),
        };
        if let Reason::Refused { refused: Some(refused), .. } = reason {
            self.account.refused(refused);
        }
        let failures = self.account.failures();
        let Some(_turn) = self.enter(is_done).await? else {
            return Ok(self.account.held().map(|held| held.token.clone()));
        };
        if is_done() {
            return Ok(self.account.held().map(|held| held.token.clone()));
        }
        if let Some(failure) = self.account.failed_since(failures, reason.into()) {
            return Err(failure);
        }
        // Another process may have been here before.
        if let Some(kept) = self.kept().await? {
            let is_new = refused.is_none_or(|refused| *refused != kept.token) && !kept.is_over();
            self.account.set(Some(kept.clone()));
            if is_new && !matches!(reason, Reason::Wanted) {
                return Ok(Some(kept.token.clone()));
            }
        } else if !self.account.is_loaded() {
            self.account.set(None);
        }
        if is_done() {
            return Ok(self.account.held().map(|held| held.token.clone()));
        }
        if let Reason::Widen { challenge, .. } = reason {
            // Nothing is begun where there is nothing to gain.
            self.wider(self.account.held().as_deref(), challenge)?;
        }
        let obtained = self.obtain(reason).await;
        let token = obtained.map_err(|error| self.failed(reason.into(), error))?;
        self.need.wait.restart();
        Ok(Some(token))
    }

    /// Has those who wait for the same fail with it, unless it is this call
    /// alone that ends.
    fn failed(&self, what: FlowPurpose, error: Error) -> Error {
        let is_own = matches!(error.status(), Status::Cancelled | Status::Closed)
            || self.need.wait.check().is_err();
        let error = not_the_calls(error).masked(&self.secrets.borrow());
        if !is_own {
            self.account.fail(what, &error);
        }
        error
    }

    pub(super) fn can_renew(&self, held: &CachedToken) -> bool {
        held.can_be_renewed(self.settings.grant)
    }

    pub(crate) fn has_asked(&self) -> bool {
        self.has_asked.get()
    }

    async fn obtain(&self, reason: Reason<'_>) -> Result<Token> {
        // One that came of a renewal and is refused will not do the next time.
        let is_spent = |held: &Arc<CachedToken>| {
            reason.refused() == Some(&held.token) && self.account.was_renewed_in_vain()
        };
        let refreshes =
            |held: &Arc<CachedToken>| held.entry.refresh_token.is_some() && !is_spent(held);
        let is_wider = matches!(reason, Reason::Widen { .. });
        let held = self.account.held();
        if !is_wider && !held.as_ref().is_some_and(&refreshes) {
            self.check_means()?;
        }
        self.account.check_rest()?;
        let http = self.http_client().await?;
        let found = self.discover(&http, reason, &self.limit()).await?;
        let held = match held.filter(|held| held.is_of(&found)) {
            Some(held) => Some(held),
            None => match self.shared(&found).await? {
                Some(shared) if !is_wider && !shared.is_over() => return self.adopt(shared).await,
                shared => shared,
            },
        };
        self.has_asked.set(true);
        let mut parameters = self.parameters(&found, held.as_deref(), reason)?;
        if let Some(held) = held.filter(|held| refreshes(held) && !is_wider) {
            match self.refresh(&http, &found, &held, &self.limit()).await? {
                Some(token) => return Ok(token),
                None => {
                    self.check_means()?;
                    parameters = self.parameters(&found, None, reason)?;
                }
            }
        }
        self.begin_anew(&http, &found, parameters).await
    }

    /// A function of the program that runs for the authorization cannot wait
    /// for it.
    pub(super) fn check_outside(&self) -> Result<()> {
        if is_inside(self.auth) {
            return Err(Error::new(
                Status::State,
                "a callback of the authorization made a call that needs the authorization itself",
            ));
        }
        Ok(())
    }

    /// Waits for the exchange of another. While that waits for a person, the
    /// time of this call does not count.
    pub(super) async fn enter(&self, is_done: impl Fn() -> bool) -> Result<Option<Turn<'_>>> {
        let wait = self.need.wait;
        let late = |error: Error| match error.status() {
            Status::Timeout => error.during("waiting for the authorization of another call"),
            _ => error,
        };
        let until = Instant::now() + self.settings.sign_in_timeout + LIMIT;
        loop {
            let look = (Instant::now() + LOOK).min(until);
            let glance = wait.at_most_beyond(look.saturating_duration_since(Instant::now()));
            match self.auth.gate.enter(&glance, &is_done).await {
                Err(error) if error.status() == Status::Timeout => {
                    // Earlier than asked for: at the call's deadline.
                    let is_over = look >= until || Instant::now() < look;
                    if is_over || !self.auth.awaits_person() {
                        wait.check().map_err(late)?;
                        if is_over {
                            return Err(late(error));
                        }
                        continue;
                    }
                    wait.restart();
                }
                entered => {
                    wait.restart();
                    self.begun.set(Instant::now());
                    return entered;
                }
            }
        }
    }

    /// Runs a function of the program's, and waits for what it gives.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        wait: &Wait,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let auth = self.auth.clone();
        callback::ask(self.need.caller, wait, move || inside(&auth, work)).await
    }

    /// The person took the time that does not count.
    pub(super) fn restart_time(&self) {
        self.need.wait.restart();
        self.begun.set(Instant::now());
    }

    /// The part of the caller's time that requests to other servers may take.
    pub(super) fn limit(&self) -> Wait {
        self.need.wait.at_most(LIMIT.saturating_sub(self.begun.get().elapsed()))
    }

    /// A failure of the store that ends no call: the next sign-in tells of it.
    pub(super) fn store_failed(&self, error: Error) {
        self.need.caller.store_failed();
        self.account.note_store_failure(error.masked(&self.secrets.borrow()));
    }

    /// What no message may show from here on.
    pub(super) fn hide(&self, secret: &Secret) {
        self.secrets.borrow_mut().push(secret.clone());
    }

    pub(super) fn hidden(&self) -> Vec<Secret> {
        self.secrets.borrow().clone()
    }

    pub(super) async fn http_client(&self) -> Result<HttpClient> {
        self.need.caller.http_client(self.settings.allows_private, &self.limit()).await
    }

    /// The scopes of a wider token, where that would be any better than the
    /// one there is.
    fn wider(
        &self,
        held: Option<&CachedToken>,
        challenge: Option<&Challenge>,
    ) -> Result<Vec<String>> {
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
    fn parameters(
        &self,
        found: &Discovered,
        held: Option<&CachedToken>,
        reason: Reason<'_>,
    ) -> Result<TokenParameters> {
        let sources = ScopeSources {
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
        Ok(TokenParameters { scopes, needs_consent, key, demands_dpop })
    }

    fn dpop_key(
        &self,
        found: &Discovered,
        held: Option<&CachedToken>,
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
}

/// What breaks in an exchange is no break of the call's own connection, after
/// which the call is repeated: a code or a refresh token would go out twice.
fn not_the_calls(error: Error) -> Error {
    match error.status() {
        Status::Io => error.with_status(Status::Auth).with_may_have_run(false),
        _ => error,
    }
}

/// A request to the authorization server that broke off.
pub(super) fn broken(error: Error) -> Error {
    match error.status() {
        Status::Io => error.with_status(Status::Unavailable).with_may_have_run(false),
        _ => error,
    }
}

impl CachedToken {
    /// Whether it is for what was found.
    fn is_of(&self, found: &Discovered) -> bool {
        self.entry.issuer == found.issuer() && self.entry.resource == found.resource
    }
}
