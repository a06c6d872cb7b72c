//! The authorization of a client: sets it, signs in and signs out.

use std::sync::Arc;

use crate::auth::credential::{Credential, Need};
use crate::auth::oauth::credential::OAuthCredential;
use crate::auth::oauth::host::browser;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status};
use crate::client::core::call_limits::CallLimits;
use crate::client::core::client::Client;
use crate::client::http::credentials::CredentialContext;
use crate::client::options::Options;
use crate::transport::wait::now;

// The types that `ffi` uses.
pub(crate) use crate::auth::oauth::spec::device_authorization::DeviceCode;
pub(crate) use crate::auth::oauth::state::auth::{Auth, Browser, DeviceHandler};
pub(crate) use crate::auth::oauth::state::settings::{Assertion, AssertionHandler, Grant};
pub(crate) use crate::auth::oauth::store::file::FileStore;
pub(crate) use crate::auth::oauth::store::{Store, StoreLock};

impl Client {
    /// Sets the authorization that gets the tokens; `None` removes it.
    pub(crate) fn set_auth(&self, auth: Option<&Arc<Auth>>) -> Result<()> {
        let Some(auth) = auth else {
            return self.change(|options| options.set_credential(None));
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

    /// Gets a token before the server requires one.
    pub(crate) fn sign_in(self: &Arc<Self>) -> Result<()> {
        self.with_oauth("sign in", true)
    }

    /// Revokes and removes the tokens.
    pub(crate) fn sign_out(self: &Arc<Self>) -> Result<()> {
        self.with_oauth("sign out", false)
    }

    fn with_oauth(self: &Arc<Self>, call: &str, signs_in: bool) -> Result<()> {
        self.check_open()?;
        self.check_may_wait()?;
        let options = self.options();
        let oauth = oauth(&options)?;
        if options.is_insecure() {
            return Err(Error::new(
                Status::Insecure,
                "a token over plain http to another machine could be read on the way: use https, \
                 or allow it with mcp_client_set_allow_plain_http()",
            ));
        }
        let wait = self.wait(&options, &CallLimits::default(), false);
        let caller = CredentialContext { client: self, options: &options };
        let need = Need { wait: &wait, caller: &caller };
        let done = now(async {
            if signs_in { oauth.sign_in(need).await } else { oauth.sign_out(need).await }
        });
        done.map_err(|error| self.finished(error, call, &options))
    }
}

/// Opens a page in the browser, with the environment of the authorization or
/// the current one.
pub(crate) fn open_browser(url: &str, auth: Option<&Auth>) -> Result<()> {
    let environment = auth.map_or_else(Environment::read, |auth| auth.environment.clone());
    browser::open_browser(url, &environment)
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
