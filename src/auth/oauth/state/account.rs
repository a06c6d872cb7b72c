//! What an authorization knows about one MCP server: the token in use, and what
//! happened with the tokens before.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;

/// One MCP server, by the URL of its endpoint without the query.
pub(crate) struct Account {
    pub(crate) endpoint: String,
    state: Mutex<AccountState>,
    /// The number of tokens in a row that the server has not accepted.
    unaccepted: AtomicU32,
}

#[derive(Default)]
struct AccountState {
    /// The store was read.
    is_loaded: bool,
    held: Option<Arc<CachedToken>>,
    /// No renewal before this time, as the last one failed.
    renew_after: Option<Instant>,
    /// When the last new token came.
    last: Option<Instant>,
    /// The server refused the token.
    is_refused: bool,
    /// The token is the result of a refresh.
    is_renewed: bool,
    /// The token is the result of a sign-in, and no request has had it yet.
    is_unused: bool,
    /// The refresh token that was refused for a reason that is not known. The
    /// store still has it.
    dead: Option<DeadRefreshToken>,
    /// The access token in the store when it was last read or written.
    stored: Option<Secret>,
    /// The number of flows that failed, and the last failure.
    failures: usize,
    failure: Option<(FlowPurpose, Error)>,
    /// Until this time, every flow fails with this error.
    resting: Option<(Instant, Error)>,
    /// Scopes that the person did not grant.
    declined: Vec<String>,
    /// The last failure of the store that ended no call.
    store_failure: Option<Error>,
}

/// A refresh token that this process does not send again.
#[derive(Clone, Debug)]
pub(crate) struct DeadRefreshToken {
    pub(crate) refresh_token: Secret,
    /// The key of its entry in the store.
    pub(crate) key: String,
}

/// What a flow is for. Waiting calls share a failure of the same purpose only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlowPurpose {
    Renewal,
    SignIn,
    Replacement,
    StepUp,
}

/// How the token in use was got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenOrigin {
    /// From the store, or it was in a request before.
    Earlier,
    /// By a refresh token just now, and it was in no request yet.
    Refresh,
    /// By another grant just now, and it was in no request yet.
    Grant,
}

/// After this many tokens that the server did not accept, no flow starts for
/// this long.
const MAX_UNACCEPTED: u32 = 3;
const REST: Duration = Duration::from_secs(30);
/// The pause after a failed renewal, while the token is still good.
const AGAIN: Duration = Duration::from_secs(10);

impl Account {
    pub(crate) fn new(endpoint: String) -> Self {
        Self { endpoint, state: Mutex::default(), unaccepted: AtomicU32::new(0) }
    }

    pub(crate) fn held(&self) -> Option<Arc<CachedToken>> {
        lock(&self.state).held.clone()
    }

    pub(crate) fn is_loaded(&self) -> bool {
        lock(&self.state).is_loaded
    }

    /// The token for the next request: `Some(None)` for a request without one,
    /// `None` if a flow must run first. `can_renew`: whether a token that
    /// expires can be renewed now.
    pub(crate) fn ready(&self, can_renew: impl Fn(&CachedToken) -> bool) -> Option<Option<Token>> {
        let mut state = lock(&self.state);
        if !state.is_loaded {
            return None;
        }
        state.is_unused = false;
        let Some(held) = &state.held else { return Some(None) };
        let Some(renew) = held.renew else { return Some(Some(held.token.clone())) };
        let now = Instant::now();
        let is_due = now >= renew && state.renew_after.is_none_or(|after| now >= after);
        if is_due && can_renew(held) && !state.is_dead(held) {
            return None;
        }
        Some(Some(held.token.clone()))
    }

    /// The token, unless it is the one that was refused.
    pub(crate) fn other_than(&self, refused: Option<&Token>) -> Option<Token> {
        let token = lock(&self.state).held.as_ref().map(|held| held.token.clone())?;
        refused.is_none_or(|refused| *refused != token).then_some(token)
    }

    /// Records that the server refused this token.
    pub(crate) fn refused(&self, refused: &Token) {
        let mut state = lock(&self.state);
        if state.held.as_ref().is_some_and(|held| held.token == *refused) {
            state.is_refused = true;
        }
    }

    /// Whether there is a token that is neither expired nor refused.
    pub(crate) fn has_good(&self) -> bool {
        let state = lock(&self.state);
        state.held.as_ref().is_some_and(|held| !held.is_over()) && !state.is_refused
    }

    /// Whether this token is in use, and neither expired nor refused.
    pub(crate) fn is_good(&self, token: &Token) -> bool {
        self.has_good() && self.held().is_some_and(|held| held.token == *token)
    }

    /// The good token, and how this process got it.
    pub(crate) fn good(&self) -> Option<(Token, TokenOrigin)> {
        let state = lock(&self.state);
        let held = state.held.as_ref().filter(|held| !held.is_over() && !state.is_refused)?;
        let origin = match (state.is_unused, state.is_renewed) {
            (false, _) => TokenOrigin::Earlier,
            (true, true) => TokenOrigin::Refresh,
            (true, false) => TokenOrigin::Grant,
        };
        Some((held.token.clone(), origin))
    }

    /// Records that the token is the result of a sign-in, or that a request
    /// gets it.
    pub(crate) fn set_unused(&self, is_unused: bool) {
        lock(&self.state).is_unused = is_unused;
    }

    /// Does not send this refresh token again.
    pub(crate) fn set_dead(&self, dead: Option<DeadRefreshToken>) {
        lock(&self.state).dead = dead;
    }

    pub(crate) fn dead(&self) -> Option<DeadRefreshToken> {
        lock(&self.state).dead.clone()
    }

    /// Whether the refresh token of these tokens was refused.
    pub(crate) fn is_dead(&self, held: &CachedToken) -> bool {
        lock(&self.state).is_dead(held)
    }

    pub(crate) fn set(&self, held: Option<Arc<CachedToken>>) {
        let mut state = lock(&self.state);
        state.is_loaded = true;
        let token = |held: &Option<Arc<CachedToken>>| held.as_ref().map(|held| held.token.clone());
        if token(&state.held) != token(&held) {
            state.is_refused = false;
            state.is_renewed = false;
            state.is_unused = false;
            state.renew_after = None;
        }
        state.held = held;
    }

    /// Takes the store's token, unless another thread was faster.
    pub(crate) fn set_if_not_loaded(&self, held: Option<Arc<CachedToken>>) {
        if !self.is_loaded() {
            self.set(held);
        }
    }

    /// Takes a new token. It counts as not accepted until a request succeeds.
    pub(crate) fn record_grant(&self, held: Arc<CachedToken>, is_renewed: bool) {
        self.unaccepted.fetch_add(1, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.is_loaded = true;
        state.is_refused = false;
        state.is_renewed = is_renewed;
        state.is_unused = false;
        state.renew_after = None;
        state.last = Some(Instant::now());
        state.held = Some(held);
    }

    /// Whether the token is the result of a refresh and was never accepted.
    pub(crate) fn was_renewed_without_success(&self) -> bool {
        lock(&self.state).is_renewed && self.unaccepted.load(Ordering::Relaxed) > 0
    }

    /// Whether the store had this token when it was last read or written. The
    /// token of this process may then be newer.
    pub(crate) fn stored_is(&self, access_token: &Secret) -> bool {
        lock(&self.state).stored.as_ref() == Some(access_token)
    }

    pub(crate) fn set_stored(&self, access_token: &Secret) {
        lock(&self.state).stored = Some(access_token.clone());
    }

    pub(crate) fn failures(&self) -> usize {
        lock(&self.state).failures
    }

    /// The failure of another call's flow since `failures`, if its purpose was
    /// the same.
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

    /// Postpones the next renewal. The token stays in use while it is good.
    pub(crate) fn put_off(&self) {
        lock(&self.state).renew_after = Some(Instant::now() + AGAIN);
    }

    /// Records that the server accepted a request with this token.
    pub(crate) fn accepted(&self, token: &Token) {
        if self.unaccepted.load(Ordering::Relaxed) == 0 {
            return;
        }
        let state = lock(&self.state);
        if state.held.as_ref().is_some_and(|held| held.token == *token) {
            self.unaccepted.store(0, Ordering::Relaxed);
        }
    }

    /// Checks that a flow may start now.
    pub(crate) fn check_rest(&self) -> Result<()> {
        let mut state = lock(&self.state);
        let now = Instant::now();
        if let Some((until, error)) = &state.resting
            && now < *until
        {
            return Err(error.clone());
        }
        state.resting = None;
        if self.unaccepted.load(Ordering::Relaxed) < MAX_UNACCEPTED {
            return Ok(());
        }
        if state.last.is_some_and(|last| now.duration_since(last) < REST) {
            return Err(Error::new(
                Status::Auth,
                format!(
                    "the server refused the tokens of the last {MAX_UNACCEPTED} authorizations: no other \
                     one begins for {} s",
                    REST.as_secs()
                ),
            ));
        }
        self.unaccepted.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets earlier failures: the application asked for a sign-in.
    pub(crate) fn forgive(&self) {
        self.unaccepted.store(0, Ordering::Relaxed);
        let mut state = lock(&self.state);
        state.declined.clear();
        state.resting = None;
    }

    /// Lets every flow of the next seconds fail with an error that is final.
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

    /// Whether the person refused these scopes before.
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

impl AccountState {
    fn is_dead(&self, held: &CachedToken) -> bool {
        let sent = held.entry.refresh_token.as_ref();
        sent.is_some() && sent == self.dead.as_ref().map(|dead| &dead.refresh_token)
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
    use crate::auth::oauth::store::entry::Tokens;

    fn held(life: Option<u64>) -> Arc<CachedToken> {
        let entry = Tokens { access_token: Secret::from("t"), ..Tokens::default() };
        CachedToken::new(entry, None, Instant::now(), life.map(Duration::from_secs), None)
    }

    #[test]
    fn renews_a_token_that_is_due() {
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
    fn stops_after_three_tokens_that_were_not_accepted() {
        let account = Account::new("https://a/mcp".into());
        for _ in 0..MAX_UNACCEPTED {
            account.check_rest().unwrap();
            account.record_grant(held(None), false);
        }
        assert_eq!(account.check_rest().unwrap_err().status(), Status::Auth);
        account.accepted(&Token::parse("another").unwrap());
        assert!(account.check_rest().is_err());
        account.accepted(&Token::parse("t").unwrap());
        account.check_rest().unwrap();
    }

    #[test]
    fn shares_a_failure_with_calls_of_the_same_purpose() {
        let account = Account::new("https://a/mcp".into());
        let before = account.failures();
        assert!(account.failed_since(before, FlowPurpose::Replacement).is_none());
        account.fail(FlowPurpose::Replacement, &Error::new(Status::Denied, "no"));
        let failed = account.failed_since(before, FlowPurpose::Replacement).unwrap();
        assert_eq!(failed.status(), Status::Denied);
        assert!(account.failed_since(before, FlowPurpose::StepUp).is_none());
        assert!(account.failed_since(account.failures(), FlowPurpose::Replacement).is_none());
    }
}
