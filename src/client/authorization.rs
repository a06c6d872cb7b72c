//! The authorization of a client: sets it, signs in and signs out.

use std::sync::Arc;

use crate::auth::credential::{Credential, Need};
use crate::auth::oauth::credential::OAuthCredential;
use crate::auth::oauth::host::browser;
use crate::auth::oauth::state::account::TokenOrigin;
use crate::auth::oauth::token_check::TokenCheck;
use crate::auth::oauth::token_demand::TokenDemand;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status};
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::core::context::Ctx;
use crate::client::http::credentials::CredentialContext;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::error_code::METHOD_NOT_FOUND;
use crate::transport::address_policy::{PRIVATE_HTTP_HINT, is_private_host};

// The types that `ffi` uses.
pub(crate) use crate::auth::oauth::host::assertion::{read_file, read_variable};
pub(crate) use crate::auth::oauth::spec::device_authorization::DeviceCode;
pub(crate) use crate::auth::oauth::state::auth::{AssertionProvider, Auth, Browser, DeviceHandler};
pub(crate) use crate::auth::oauth::state::settings::Grant;
pub(crate) use crate::auth::oauth::store::file::FileStore;
pub(crate) use crate::auth::oauth::store::{Store, StoreLock};

impl Client {
    /// Sets the authorization that gets the tokens; `None` removes it.
    pub(crate) fn set_auth(&self, auth: Option<&Arc<Auth>>) -> Result<()> {
        let Some(auth) = auth else {
            return self.change_always(|options| options.set_credential(None));
        };
        let set = |options: &mut Options| {
            let oauth = Arc::new(OAuthCredential::new(auth, &options.address()?.url));
            options.set_credential(Some(oauth.clone() as Arc<dyn Credential>))?;
            options.oauth = Some(oauth);
            Ok(())
        };
        // The client declares the extensions to the server when it connects.
        if !auth.extensions().is_empty() {
            self.change_before_session(set)
        } else {
            self.change(set)
        }
    }

    /// Returns the authorization that gets the tokens.
    pub(crate) fn auth(&self) -> Result<Arc<Auth>> {
        Ok(oauth(&self.options())?.auth().clone())
    }
}

impl Ctx<'_> {
    /// Gets a token before the server requires one.
    pub(crate) async fn sign_in_within(self) -> Result<()> {
        let oauth = self.oauth()?;
        let caller = CredentialContext { client: self.client, options: self.options };
        let need = Need { wait: self.wait, caller: &caller };
        oauth.load(need).await?;
        self.ensure_token(oauth, need).await?;
        oauth.take_store_failure().map_or(Ok(()), Err)
    }

    /// Ends with a token that was just issued, or that the server has just
    /// accepted.
    async fn ensure_token(self, oauth: &Arc<OAuthCredential>, need: Need<'_>) -> Result<()> {
        let (mut refused, mut may_refresh, mut demand) = (None, true, None);
        for _ in 0..=CHECKS {
            match oauth.good_token() {
                Some((_, TokenOrigin::Grant)) => return Ok(()),
                Some((token, origin)) if refused.as_ref() != Some(&token) => {
                    let check = TokenCheck::new(oauth, Some(&token));
                    let verdict = self.check_token(&check).await;
                    match verdict {
                        Err(error) if error.ends_call() => return Err(error),
                        Ok(TokenVerdict::Accepted) => return Ok(()),
                        // The MCP server did not refuse a token that was just issued.
                        Err(_) | Ok(TokenVerdict::Refused { is_definite: false, .. })
                            if origin == TokenOrigin::Refresh =>
                        {
                            return Ok(());
                        }
                        Ok(TokenVerdict::Refused { is_unauthorized, .. }) => {
                            // Another refresh would give no better token.
                            may_refresh = is_unauthorized && origin == TokenOrigin::Earlier;
                            refused = Some(token);
                            demand = Some(check.demand());
                        }
                        Err(error) => return Err(error),
                    }
                }
                Some(_) => {}
                None if demand.is_some() => {}
                None => demand = Some(self.demand(oauth).await?),
            }
            let demand = demand.clone().unwrap_or_default();
            oauth.sign_in(need, refused.as_ref(), may_refresh, &demand).await?;
        }
        Err(Error::new(
            Status::Auth,
            "the server accepts no token that other processes or other clients have stored",
        ))
    }

    /// Sends a request without a token and returns what the refusal demands: its
    /// challenges alone may name the metadata and the scope. The metadata may
    /// also be found without them, so a failure ends nothing.
    async fn demand(self, oauth: &Arc<OAuthCredential>) -> Result<TokenDemand> {
        let check = TokenCheck::new(oauth, None);
        match self.check_token(&check).await {
            Err(error) if error.ends_call() => Err(error),
            _ => Ok(check.demand()),
        }
    }

    /// Connects and pings with the token of a check, by a client that the
    /// application does not see.
    async fn check_token(self, check: &Arc<TokenCheck>) -> Result<TokenVerdict> {
        let Ctx { options, wait, .. } = self;
        let options = Arc::new(options.to_try(check.clone()));
        let client = self.client.sibling(Options::clone(&options));
        let call = Call::ping();
        let limits = CallLimits::of(&call);
        let answer = Ctx::new(&client, &options, wait).perform_within(&call, &limits).await;
        let is_connected = client.current_session().is_some();
        client.close_sibling(wait).await;
        wait.restart();
        match answer {
            Ok(_) => Ok(TokenVerdict::Accepted),
            // The server does not know "ping", and says so after it has accepted
            // the token.
            Err(error)
                if is_connected && error.rpc().is_some_and(|rpc| rpc.code == METHOD_NOT_FOUND) =>
            {
                Ok(TokenVerdict::Accepted)
            }
            Err(error) if is_refusal(&error) => {
                let is_unauthorized = error.status() == Status::Unauthorized
                    || check.demand().is_required
                    || error
                        .challenge()
                        .iter()
                        .any(|(name, value)| name == "error" && value == "invalid_token");
                let is_definite = matches!(error.http_status(), 400..=407 | 409..=428 | 430..=499);
                Ok(TokenVerdict::Refused { is_unauthorized, is_definite })
            }
            Err(error) => Err(error),
        }
    }

    /// Revokes and removes the tokens.
    pub(crate) async fn sign_out_within(self) -> Result<()> {
        let caller = CredentialContext { client: self.client, options: self.options };
        self.oauth()?.sign_out(Need { wait: self.wait, caller: &caller }).await
    }

    /// The authorization, if its tokens may be sent to the server.
    fn oauth(&self) -> Result<&Arc<OAuthCredential>> {
        let Ctx { client, options, wait } = self;
        client.check_open()?;
        if !wait.is_background() {
            client.check_may_wait()?;
        }
        let oauth = oauth(options)?;
        if options.is_insecure() {
            let is_private = is_private_host(&options.address()?.url.origin.host);
            return Err(Error::new(
                Status::Insecure,
                format!(
                    "a token over plain http to another machine could be read on the way: {}",
                    if is_private {
                        PRIVATE_HTTP_HINT
                    } else {
                        "use https, or allow it with \
                         MCP_ALLOW_PLAIN_HTTP of mcp_client_set_allow()"
                    }
                ),
            ));
        }
        Ok(oauth)
    }
}

/// What the server thinks of a token.
enum TokenVerdict {
    Accepted,
    /// `is_unauthorized`: by 401 or by a challenge that says so. A refresh may
    /// help then. `is_definite`: the same request will not succeed later.
    Refused {
        is_unauthorized: bool,
        is_definite: bool,
    },
}

/// How many tokens that others have stored are checked in one sign-in.
const CHECKS: usize = 3;

/// Whether the server has answered, and another token may be answered
/// otherwise.
fn is_refusal(error: &Error) -> bool {
    let status = error.status();
    error.http_status() != 0 || matches!(status, Status::Rpc | Status::Protocol | Status::Version)
}

/// Opens a page in the browser, with the environment of the authorization or
/// the current one.
pub(crate) fn open_browser(url: &str, auth: Option<&Auth>) -> Result<()> {
    let environment = auth.map_or_else(Environment::read, |auth| auth.environment.clone());
    let is_private_fine = auth.is_some_and(|auth| auth.settings().allows_private);
    browser::open_browser(url, &environment, is_private_fine)
}

fn oauth(options: &Options) -> Result<&Arc<OAuthCredential>> {
    options.address()?;
    options.oauth.as_ref().ok_or_else(|| {
        Error::new(
            Status::Unsupported,
            "the client has no authorization; see mcp_client_set_auth()",
        )
    })
}
