//! What an authorization has for one MCP server: the token in use, and when
//! it is to be renewed.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::state::settings::Grant;
use crate::auth::oauth::store::entry::{TokenType, Tokens};
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;

/// One MCP server, by the URL of its endpoint without the query.
pub(crate) struct Account {
    pub(crate) endpoint: String,
    state: Mutex<AccountState>,
    /// Tokens in a row that the server has not accepted.
    in_vain: AtomicU32,
}

#[derive(Default)]
struct AccountState {
    /// The store was asked what is there of an earlier run.
    is_loaded: bool,
    held: Option<Arc<CachedToken>>,
    /// Not before this, after a renewal that failed.
    renew_after: Option<Instant>,
    /// When the last of the tokens in vain came.
    last: Option<Instant>,
    /// The token was refused.
    is_refused: bool,
    /// The token came of a renewal.
    is_renewed: bool,
    /// What the store had when it was last read or written.
    seen: Option<Secret>,
    /// How many exchanges have failed, and the last of them.
    failures: usize,
    failure: Option<(FlowPurpose, Error)>,
    /// Why nothing is tried for a moment, and until when.
    resting: Option<(Instant, Error)>,
    /// Scopes that the person did not grant.
    declined: Vec<String>,
    /// What the store did last, where that ended no call.
    store_failure: Option<Error>,
}

/// A token, and what it takes to renew it.
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    pub(crate) entry: Tokens,
    /// When it ends, and when it is to be renewed, if that is known.
    ends: Option<Instant>,
    renew: Option<Instant>,
    /// The authorization server, as it was found at that time.
    server: Mutex<Option<(Arc<ServerMetadata>, Instant)>>,
}

/// What an exchange was for that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowPurpose {
    Renewal,
    SignIn,
    Replacement,
    Widening,
}

/// How many exchanges may be in vain, and how long nothing is tried then.
const IN_VAIN: u32 = 3;
const REST: Duration = Duration::from_secs(30);
/// How long a failed renewal is not tried again while the token is good.
const AGAIN: Duration = Duration::from_secs(10);
/// How long a server's metadata is good for a renewal.
const FRESH: Duration = Duration::from_secs(3600);

impl CachedToken {
    /// `life`: how long the token is good from `since` on, if that was said.
    pub(crate) fn new(
        entry: Tokens,
        key: Option<Arc<Key>>,
        since: Instant,
        life: Option<Duration>,
        server: Option<Arc<ServerMetadata>>,
    ) -> Arc<Self> {
        let key = key.filter(|_| entry.token_type == TokenType::Dpop);
        let ends = life.and_then(|life| since.checked_add(life));
        Arc::new(Self {
            token: Token::granted(&entry.access_token, key),
            renew: ends.zip(life).and_then(|(ends, life)| ends.checked_sub(spare(life))),
            ends,
            entry,
            server: Mutex::new(server.map(|server| (server, since))),
        })
    }

    /// One that was kept: its life counts by the wall clock.
    pub(crate) fn kept(entry: Tokens, key: Option<Arc<Key>>) -> Arc<Self> {
        let now = SystemTime::now();
        let end = entry.expires_at.map(|end| UNIX_EPOCH + Duration::from_secs(end));
        let life = end.map(|end| end.duration_since(now).unwrap_or_default());
        Self::new(entry, key, Instant::now(), life, None)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ends.is_some_and(|end| Instant::now() >= end)
    }

    /// The server's metadata, where it is not old.
    pub(crate) fn fresh_server(&self) -> Option<Arc<ServerMetadata>> {
        let server = lock(&self.server);
        let (server, since) = server.as_ref()?;
        (since.elapsed() < FRESH).then(|| server.clone())
    }

    /// What is known of the server may be why it failed.
    pub(crate) fn forget_server(&self) {
        *lock(&self.server) = None;
    }

    pub(crate) fn can_be_renewed(&self, grant: Grant) -> bool {
        self.entry.refresh_token.is_some() || !grant.needs_person()
    }
}

/// How long before its end a token is renewed: half a minute or a tenth of its
/// life, but no more than five minutes, nor half of it.
fn spare(life: Duration) -> Duration {
    const LEAST: Duration = Duration::from_secs(30);
    const MOST: Duration = Duration::from_secs(300);
    (life / 10).max(LEAST).min(MOST).min(life / 2)
}

impl Account {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { endpoint, state: Mutex::default(), in_vain: AtomicU32::new(0) }
    }

    pub(crate) fn held(&self) -> Option<Arc<CachedToken>> {
        lock(&self.state).held.clone()
    }

    pub(crate) fn is_loaded(&self) -> bool {
        lock(&self.state).is_loaded
    }

    /// The token that may be sent as things are; the first `None` if something
    /// is to be done before. `can_renew`: whether an old one can be renewed.
    pub(crate) fn ready(&self, can_renew: impl Fn(&CachedToken) -> bool) -> Option<Option<Token>> {
        let state = lock(&self.state);
        if !state.is_loaded {
            return None;
        }
        let Some(held) = &state.held else { return Some(None) };
        let Some(renew) = held.renew else { return Some(Some(held.token.clone())) };
        let now = Instant::now();
        let is_due = now >= renew && state.renew_after.is_none_or(|after| now >= after);
        if is_due && can_renew(held) {
            return None;
        }
        Some(Some(held.token.clone()))
    }

    /// The token, unless it is the one that was refused.
    pub(crate) fn other_than(&self, refused: Option<&Token>) -> Option<Token> {
        let token = lock(&self.state).held.as_ref().map(|held| held.token.clone())?;
        refused.is_none_or(|refused| *refused != token).then_some(token)
    }

    /// The server does not take this token any more.
    pub(crate) fn refused(&self, refused: &Token) {
        let mut state = lock(&self.state);
        if state.held.as_ref().is_some_and(|held| held.token == *refused) {
            state.is_refused = true;
        }
    }

    /// Whether there is a token of which nothing bad is known.
    pub(crate) fn has_good(&self) -> bool {
        let state = lock(&self.state);
        state.held.as_ref().is_some_and(|held| !held.is_over()) && !state.is_refused
    }

    pub(crate) fn set(&self, held: Option<Arc<CachedToken>>) {
        let mut state = lock(&self.state);
        state.is_loaded = true;
        let token = |held: &Option<Arc<CachedToken>>| held.as_ref().map(|held| held.token.clone());
        if token(&state.held) != token(&held) {
            state.is_refused = false;
            state.is_renewed = false;
            state.renew_after = None;
        }
        state.held = held;
    }

    /// Takes what the store has, unless another thread was faster.
    pub(crate) fn set_if_not_loaded(&self, held: Option<Arc<CachedToken>>) {
        if !self.is_loaded() {
            self.set(held);
        }
    }

    /// Takes a new token, which counts as in vain until it is accepted.
    pub(crate) fn granted(&self, held: Arc<CachedToken>, is_renewed: bool) {
        self.in_vain.fetch_add(1, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.is_loaded = true;
        state.is_refused = false;
        state.is_renewed = is_renewed;
        state.renew_after = None;
        state.last = Some(Instant::now());
        state.held = Some(held);
    }

    /// Whether the token came of a renewal, and was never accepted.
    pub(crate) fn was_renewed_in_vain(&self) -> bool {
        lock(&self.state).is_renewed && self.in_vain.load(Ordering::Relaxed) > 0
    }

    /// Whether the store had this when it was last read or written: what this
    /// process has may be newer.
    pub(crate) fn saw(&self, access_token: &Secret) -> bool {
        lock(&self.state).seen.as_ref() == Some(access_token)
    }

    pub(crate) fn see(&self, access_token: &Secret) {
        lock(&self.state).seen = Some(access_token.clone());
    }

    pub(crate) fn failures(&self) -> usize {
        lock(&self.state).failures
    }

    /// The failure of another that was waited for, if it was for the same.
    pub(crate) fn failed_since(&self, failures: usize, what: FlowPurpose) -> Option<Error> {
        let state = lock(&self.state);
        let (failed, error) = state.failure.as_ref()?;
        (state.failures != failures && *failed == what).then(|| error.clone())
    }

    pub(crate) fn fail(&self, what: FlowPurpose, error: &Error) {
        let mut state = lock(&self.state);
        state.failures += 1;
        state.failure = Some((what, error.clone()));
    }

    /// A renewal has failed: the token is used while it is good.
    pub(crate) fn put_off(&self) {
        lock(&self.state).renew_after = Some(Instant::now() + AGAIN);
    }

    /// The server took a request with a token.
    pub(crate) fn accepted(&self, token: &Token) {
        if self.in_vain.load(Ordering::Relaxed) == 0 {
            return;
        }
        let state = lock(&self.state);
        if state.held.as_ref().is_some_and(|held| held.token == *token) {
            self.in_vain.store(0, Ordering::Relaxed);
        }
    }

    /// Whether anything may be tried now.
    pub(crate) fn check_rest(&self) -> Result<()> {
        let mut state = lock(&self.state);
        let now = Instant::now();
        if let Some((until, error)) = &state.resting
            && now < *until
        {
            return Err(error.clone());
        }
        state.resting = None;
        if self.in_vain.load(Ordering::Relaxed) < IN_VAIN {
            return Ok(());
        }
        if state.last.is_some_and(|last| now.duration_since(last) < REST) {
            return Err(Error::new(
                Status::Auth,
                format!(
                    "the server refused the tokens of the last {IN_VAIN} authorizations: nothing \
                     is tried for {} s",
                    REST.as_secs()
                ),
            ));
        }
        self.in_vain.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Begins as if nothing had been tried.
    pub(crate) fn forgive(&self) {
        self.in_vain.store(0, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.declined.clear();
        state.resting = None;
    }

    /// Tries nothing for a moment after an error that is final.
    pub(crate) fn rest(&self, error: &Error) {
        const PAUSE: Duration = Duration::from_secs(5);
        if matches!(error.status(), Status::Auth | Status::Denied | Status::Untrusted) {
            lock(&self.state).resting = Some((Instant::now() + PAUSE, error.clone()));
        }
    }

    pub(crate) fn note_store_failure(&self, error: Error) {
        lock(&self.state).store_failure = Some(error);
    }

    pub(crate) fn take_store_failure(&self) -> Option<Error> {
        lock(&self.state).store_failure.take()
    }

    /// Whether the person did not grant these scopes before.
    pub(crate) fn was_declined(&self, scope: &str) -> bool {
        lock(&self.state).declined.iter().any(|one| one == scope)
    }

    pub(crate) fn decline(&self, scope: &str) {
        const MOST: usize = 64;
        let mut state = lock(&self.state);
        if state.declined.len() < MOST && !state.declined.iter().any(|one| one == scope) {
            state.declined.push(scope.to_owned());
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Account")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(life: Option<u64>) -> Arc<CachedToken> {
        let entry = Tokens { access_token: Secret::from("t"), ..Tokens::default() };
        CachedToken::new(entry, None, Instant::now(), life.map(Duration::from_secs), None)
    }

    #[test]
    fn renews_in_time_but_not_for_most_of_a_life() {
        for (life, before) in [(3600, 300), (600, 60), (120, 30), (40, 20), (2, 1), (0, 0)] {
            let life = Duration::from_secs(life);
            assert_eq!(spare(life), Duration::from_secs(before), "{life:?}");
        }
    }

    #[test]
    fn uses_a_token_without_an_end_and_asks_for_one_that_is_due() {
        let account = Account::new("https://a/mcp".into());
        assert_eq!(account.ready(|_| true), None);
        account.set(None);
        assert_eq!(account.ready(|_| true), Some(None));
        account.set(Some(held(None)));
        assert!(account.ready(|_| true).unwrap().is_some());
        account.set(Some(held(Some(0))));
        assert_eq!(account.ready(|_| true), None);
        assert!(account.ready(|_| false).unwrap().is_some());
        account.put_off();
        assert!(account.ready(|_| true).unwrap().is_some());
    }

    #[test]
    fn stops_after_three_in_vain_until_one_is_accepted() {
        let account = Account::new("https://a/mcp".into());
        for _ in 0..IN_VAIN {
            account.check_rest().unwrap();
            account.granted(held(None), false);
        }
        assert_eq!(account.check_rest().unwrap_err().status(), Status::Auth);
        account.accepted(&Token::parse("another").unwrap());
        assert!(account.check_rest().is_err());
        account.accepted(&Token::parse("t").unwrap());
        account.check_rest().unwrap();
    }

    #[test]
    fn shares_a_failure_with_those_who_waited_for_the_same() {
        let account = Account::new("https://a/mcp".into());
        let before = account.failures();
        assert!(account.failed_since(before, FlowPurpose::Replacement).is_none());
        account.fail(FlowPurpose::Replacement, &Error::new(Status::Denied, "no"));
        let failed = account.failed_since(before, FlowPurpose::Replacement).unwrap();
        assert_eq!(failed.status(), Status::Denied);
        assert!(account.failed_since(before, FlowPurpose::Widening).is_none());
        assert!(account.failed_since(account.failures(), FlowPurpose::Replacement).is_none());
    }
}
