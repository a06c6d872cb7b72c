//! One run of the OAuth flow: what all its steps share.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::auth::callback;
use crate::auth::credential::Need;
use crate::auth::oauth::flow::store_access::StoreAccess;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::state::account::{Account, FlowPurpose};
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::state::reentrancy::{inside, is_inside};
use crate::auth::oauth::state::settings::Settings;
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::base::mask::mask;
use crate::base::one_line::on_one_line;
use crate::base::secret::Secret;
use crate::transport::async_mutex::Guard;
use crate::transport::wait::{Wait, now};
use crate::wire::challenge::Challenge;

/// How often a call that waits for another call's flow checks its own deadline.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// The time for all requests of a flow. The person's time is not included.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// The most notices of a flow.
const MOST_NOTICES: usize = 16;

/// Why a token is needed.
#[derive(Clone, Copy)]
pub(crate) enum Reason<'a> {
    /// The next request needs one, and the cached token is unknown or expires.
    NextRequest,
    /// The application signs in. `refused`: the token that the server did not
    /// accept. `may_refresh`: whether its refresh token may get another one.
    /// `challenge`: what the server demands. `is_required`: whether the server
    /// required a token.
    SignIn {
        refused: Option<&'a Token>,
        may_refresh: bool,
        challenge: Option<&'a Challenge>,
        is_required: bool,
    },
    /// The server refused a request for its token, or for having none.
    Unauthorized { refused: Option<&'a Token>, challenge: Option<&'a Challenge>, only_dpop: bool },
    /// The server refused a request because its token lacks a scope.
    InsufficientScope { refused: Option<&'a Token>, challenge: Option<&'a Challenge> },
}

impl<'a> Reason<'a> {
    pub(super) fn challenge(self) -> Option<&'a Challenge> {
        match self {
            Self::NextRequest => None,
            Self::SignIn { challenge, .. }
            | Self::Unauthorized { challenge, .. }
            | Self::InsufficientScope { challenge, .. } => challenge,
        }
    }

    pub(super) fn refused(self) -> Option<&'a Token> {
        match self {
            Self::NextRequest => None,
            Self::SignIn { refused, .. }
            | Self::Unauthorized { refused, .. }
            | Self::InsufficientScope { refused, .. } => refused,
        }
    }

    pub(super) fn is_sign_in(self) -> bool {
        matches!(self, Self::SignIn { .. })
    }

    /// Whether the server has required a token.
    pub(super) fn is_required(self) -> bool {
        matches!(self, Self::SignIn { is_required: true, .. }) || !self.is_sign_in()
    }

    pub(super) fn purpose(self) -> FlowPurpose {
        match self {
            Self::NextRequest => FlowPurpose::Renewal,
            Self::SignIn { .. } => FlowPurpose::SignIn,
            Self::Unauthorized { .. } => FlowPurpose::Replacement,
            Self::InsufficientScope { .. } => FlowPurpose::StepUp,
        }
    }
}

/// One run of the flow, for one call of the application.
pub(crate) struct Flow<'a> {
    pub(super) auth: &'a Arc<Auth>,
    pub(super) account: &'a Account,
    pub(super) need: Need<'a>,
    pub(super) settings: Arc<Settings>,
    pub(super) store: StoreAccess<'a>,
    /// The secrets so far: no error may show them.
    secrets: RefCell<Vec<Secret>>,
    /// An authorization server was contacted.
    has_contacted: Cell<bool>,
    /// It gave a token.
    has_token: Cell<bool>,
    /// When [`LIMIT`] began.
    begun: Cell<Instant>,
    /// How many notices the application got.
    notices: Cell<usize>,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(auth: &'a Arc<Auth>, account: &'a Account, need: Need<'a>) -> Self {
        let settings = auth.begin();
        let secrets = RefCell::new(settings.secrets().collect());
        let store = StoreAccess::new(settings.store.clone(), auth.clone(), need);
        Self {
            auth,
            account,
            need,
            settings,
            store,
            secrets,
            has_contacted: Cell::new(false),
            has_token: Cell::new(false),
            begun: Cell::new(Instant::now()),
            notices: Cell::new(0),
        }
    }

    /// Whether the flow contacted an authorization server. If not, its token
    /// comes from another thread or process.
    pub(crate) fn has_contacted(&self) -> bool {
        self.has_contacted.get()
    }

    pub(super) fn set_contacted(&self) {
        self.has_contacted.set(true);
    }

    /// Whether the authorization server gave a token in this flow.
    pub(super) fn has_token(&self) -> bool {
        self.has_token.get()
    }

    pub(super) fn set_has_token(&self) {
        self.has_token.set(true);
    }

    pub(super) fn can_renew(&self, held: &CachedToken) -> bool {
        held.can_be_renewed(self.settings.grant)
    }

    /// Refuses a call from a callback of this authorization: it would wait for
    /// itself.
    pub(super) fn check_outside(&self) -> Result<()> {
        if is_inside(self.auth) {
            return Err(Error::new(
                Status::State,
                "a callback of the authorization made a call that needs the authorization itself",
            ));
        }
        Ok(())
    }

    /// Waits for another call's flow to end. The call's timeout is paused while
    /// that flow waits for a person. `None` as soon as `is_done`.
    pub(super) async fn enter(&self, is_done: impl Fn() -> bool) -> Result<Option<Guard<'_>>> {
        let wait = self.need.wait;
        let late = |error: Error| match error.status() {
            Status::Timeout => error.during("waiting for the authorization of another call"),
            _ => error,
        };
        let until = Instant::now() + self.settings.sign_in_timeout + LIMIT;
        loop {
            let next = (Instant::now() + CHECK_INTERVAL).min(until);
            let brief = wait.at_most_beyond(next.saturating_duration_since(Instant::now()));
            match self.auth.gate.lock_unless(&brief, &is_done).await {
                Err(error) if error.status() == Status::Timeout => {
                    // Before `next`: it was the call's own deadline.
                    let is_over = next >= until || Instant::now() < next;
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
                    self.restart_time();
                    return entered;
                }
            }
        }
    }

    /// Runs a callback of the application, and waits for its result.
    pub(super) async fn run_callback<T: Send + 'static>(
        &self,
        wait: &Wait,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let auth = self.auth.clone();
        callback::run(self.need.caller, wait, move || inside(&auth, work)).await
    }

    /// Waits for a person. A waiting application thread runs the application's
    /// handlers. Their calls must not wait for the sign-in of this same thread.
    pub(super) async fn wait_for_person<T, E: From<Error>>(
        &self,
        work: impl Future<Output = std::result::Result<T, E>>,
    ) -> std::result::Result<T, E> {
        match self.need.wait.is_background() {
            true => work.await,
            false => inside(self.auth, || now(work)),
        }
    }

    /// Reports to the application what the person should know now, as
    /// MCP_EVENT_SIGN_IN_NOTICE. The sign-in goes on. A peer may be the cause, so
    /// the notices of a flow are limited.
    pub(super) fn notice(&self, text: &str) {
        if self.notices.get() >= MOST_NOTICES {
            return;
        }
        self.notices.set(self.notices.get() + 1);
        let mut masked = text.to_owned();
        mask(&mut masked, &self.secrets.borrow());
        let text = on_one_line(&masked);
        // The handler runs on this thread: its calls must not wait for this flow.
        inside(self.auth, || self.need.caller.notice(&text, self.need.wait));
    }

    /// Starts the call's timeout and [`LIMIT`] again: the time so far was the
    /// person's, or another call's.
    pub(super) fn restart_time(&self) {
        self.need.wait.restart();
        self.begun.set(Instant::now());
    }

    /// The part of the call's time that requests to other servers may take.
    pub(super) fn limit(&self) -> Wait {
        self.need.wait.at_most(LIMIT.saturating_sub(self.begun.get().elapsed()))
    }

    /// Records a failure of the store that ends no call. mcp_client_sign_in()
    /// reports it.
    pub(super) fn store_failed(&self, error: Error) {
        self.need.caller.store_failed();
        self.account.note_store_failure(self.without_secrets(error));
    }

    /// Keeps a secret out of all errors from here on.
    pub(super) fn hide(&self, secret: &Secret) {
        self.secrets.borrow_mut().push(secret.clone());
    }

    pub(super) fn hidden(&self) -> Vec<Secret> {
        self.secrets.borrow().clone()
    }

    /// The error without the secrets of the flow and the values of parameters
    /// that the application set.
    pub(super) fn without_secrets(&self, error: Error) -> Error {
        let mut secrets = self.hidden();
        secrets.extend(self.settings.parameter_secrets());
        error.masked(&secrets)
    }

    pub(super) async fn http_client(&self) -> Result<HttpClient> {
        // Endpoints of the application may be on a private network: no server has
        // named them.
        let allows_private = self.settings.allows_private || self.settings.endpoints.is_some();
        self.need.caller.http_client(allows_private, &self.limit()).await
    }
}

/// An error that the call's own retries must not see as a lost connection: a
/// code or a refresh token would be sent twice.
pub(super) fn not_the_calls(error: Error) -> Error {
    match error.status() {
        Status::Io => error.with_status(Status::Auth).with_may_have_run(false),
        _ => error,
    }
}

/// A lost connection to the authorization server.
pub(super) fn connection_lost(error: Error) -> Error {
    match error.status() {
        Status::Io => error.with_status(Status::Unavailable).with_may_have_run(false),
        _ => error,
    }
}
