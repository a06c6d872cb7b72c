//! OAuth 2.1: how a token is got, renewed and widened.

mod answer;
mod authorize;
pub(crate) mod browser;
mod discovery;
mod dpop;
mod identity;
pub(crate) mod jwt;
mod listener;
mod pkce;
mod random;
mod scope;
pub(crate) mod settings;
pub(crate) mod store;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::oauth::settings::{Assertion, Browser, Client, Grant, IdentityProvider, Settings};
use crate::auth::oauth::store::Store;
use crate::base::error::{Error, Result, Status};
use crate::transport::gate::Gate;

/// How to get tokens, and those there are: shared by the clients that have it.
pub(crate) struct Auth {
    settings: Mutex<Arc<Settings>>,
    /// The first exchange has begun: the settings stay as they are.
    is_used: AtomicBool,
    /// Held by the one exchange that is under way.
    gate: Gate,
}

impl Auth {
    pub(crate) fn new(grant: Grant) -> Result<Arc<Self>> {
        Ok(Arc::new(Self {
            settings: Mutex::new(Arc::new(Settings::new(grant))),
            is_used: AtomicBool::new(false),
            gate: Gate::default(),
        }))
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        lock(&self.settings).clone()
    }

    pub(crate) fn set_client(&self, id: &str, secret: Option<&str>) -> Result<()> {
        let client = Client::new(id, secret)?;
        self.change(|settings| settings.client = Some(client))
    }

    pub(crate) fn set_client_key(
        &self,
        _pem: &str,
        _algorithm: Option<&str>,
        _key_id: Option<&str>,
    ) -> Result<()> {
        Ok(())
    }

    pub(crate) fn set_client_metadata_url(&self, url: Option<&str>) -> Result<()> {
        let url = url.map(str::to_owned);
        self.change(|settings| settings.metadata_url = url)
    }

    pub(crate) fn set_scope(&self, scope: Option<&str>) -> Result<()> {
        let scope = scope.map(str::to_owned);
        self.change(|settings| settings.scope = scope)
    }

    pub(crate) fn set_issuer(&self, issuer: Option<&str>) -> Result<()> {
        let issuer = issuer.map(str::to_owned);
        self.change(|settings| settings.issuer = issuer)
    }

    pub(crate) fn set_redirect(&self, url: Option<&str>) -> Result<()> {
        let url = url.map(str::to_owned);
        self.change(|settings| settings.redirect = url)
    }

    pub(crate) fn set_browser(&self, browser: Option<Arc<Browser>>) -> Result<()> {
        self.change(|settings| settings.browser = browser)
    }

    pub(crate) fn set_sign_in_timeout(&self, milliseconds: i32) -> Result<()> {
        let timeout = u64::try_from(milliseconds).ok().filter(|time| *time > 0);
        let timeout = timeout.map(Duration::from_millis).ok_or_else(|| {
            Error::argument("milliseconds is not positive: every wait has an end, of at least 1 ms")
        })?;
        self.change(|settings| settings.sign_in_timeout = timeout)
    }

    pub(crate) fn set_assertion(&self, assertion: Option<Assertion>) -> Result<()> {
        self.change(|settings| settings.assertion = assertion)
    }

    pub(crate) fn set_identity_provider(
        &self,
        endpoint: &str,
        id: &str,
        secret: Option<&str>,
    ) -> Result<()> {
        let client = Client::new(id, secret)?;
        let provider = IdentityProvider { token_endpoint: endpoint.to_owned(), client };
        self.change(|settings| settings.identity_provider = Some(provider))
    }

    pub(crate) fn set_dpop(&self, on: Option<bool>) -> Result<()> {
        self.change(|settings| settings.dpop = on)
    }

    pub(crate) fn set_dpop_key(&self, _pem: Option<&str>, _algorithm: Option<&str>) -> Result<()> {
        Ok(())
    }

    pub(crate) fn set_store(&self, store: Option<Arc<dyn Store>>) -> Result<()> {
        self.change(|settings| settings.store = store)
    }

    pub(crate) fn set_allow_private(&self, allow: bool) -> Result<()> {
        self.change(|settings| settings.allows_private = allow)
    }

    pub(crate) fn complete(&self, _redirect_url: &str) -> Result<()> {
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) -> Result<()> {
        let mut settings = lock(&self.settings);
        if self.is_used.load(Ordering::Acquire) {
            return Err(Error::new(
                Status::State,
                "the authorization is in use: set this before the first call of a client that has \
                 it",
            ));
        }
        let mut changed = Settings::clone(&settings);
        change(&mut changed);
        let old = std::mem::replace(&mut *settings, Arc::new(changed));
        // A program's user data may go with the old ones: not under the lock.
        drop(settings);
        drop(old);
        Ok(())
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Auth")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
