//! An authorization (`mcp_auth`): its settings, and an account for each MCP
//! server.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::auth::oauth::spec::client_choice::check_metadata_url;
use crate::auth::oauth::spec::device_authorization::DeviceCode;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::provider_profile::profile;
use crate::auth::oauth::spec::redirect::is_loopback_redirect;
use crate::auth::oauth::spec::scope;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::url_rules::{PlainHttp, check, check_issuer};
use crate::auth::oauth::state::account::Account;
use crate::auth::oauth::state::client_id_places::ClientIdPlaces;
use crate::auth::oauth::state::pending_sign_in::PendingSignIn;
use crate::auth::oauth::state::settings::{
    AssertionHandler, ClientCredentials, GivenEndpoints, Grant, IdentityProvider, OpenPage,
    Settings, ShowDeviceCode,
};
use crate::auth::oauth::store::Store;
use crate::auth::oauth::store::memory::MemoryStore;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::transport::async_mutex::AsyncMutex;
use crate::wire::url::{URL_LIMIT, scheme_of};

/// Shows a page to the person; runs code of the application.
pub(crate) type Browser = dyn Fn(&Arc<Auth>, &str) -> Result<()> + Send + Sync;

/// Shows the code of the device authorization grant; runs code of the application.
pub(crate) type DeviceHandler = dyn Fn(&Arc<Auth>, &DeviceCode) -> Result<()> + Send + Sync;

/// Provides the signed token for an audience; runs code of the application.
pub(crate) type AssertionProvider = dyn Fn(&Arc<Auth>, &str) -> Result<Secret> + Send + Sync;

/// An authorization. Several clients may share one.
pub(crate) struct Auth {
    settings: Mutex<Arc<Settings>>,
    /// The first flow has begun: the settings can no longer be changed.
    is_used: AtomicBool,
    grant: Grant,
    /// The environment when the authorization was created.
    pub(crate) environment: Arc<Environment>,
    /// Held by the flow that runs: one at a time.
    pub(crate) gate: AsyncMutex,
    /// Held by the store callback that runs: one at a time.
    pub(crate) storing: AsyncMutex,
    accounts: Mutex<Vec<Arc<Account>>>,
    /// The DPoP nonces of servers, by origin.
    nonces: Mutex<Vec<(String, String)>>,
    pub(crate) client_id_places: ClientIdPlaces,
    /// The sign-in that waits for a person.
    sign_in: Mutex<Option<Arc<PendingSignIn>>>,
    /// A person signs in with a browser elsewhere, with the code of a device.
    awaits_device: AtomicBool,
}

/// The most servers whose DPoP nonces are kept.
const NONCES: usize = 64;

impl Auth {
    pub(crate) fn new(grant: Grant) -> Arc<Self> {
        Arc::new(Self {
            settings: Mutex::new(Arc::new(Settings::new(grant))),
            is_used: AtomicBool::new(false),
            grant,
            environment: Environment::read(),
            gate: AsyncMutex::default(),
            storing: AsyncMutex::default(),
            accounts: Mutex::default(),
            nonces: Mutex::default(),
            client_id_places: ClientIdPlaces::default(),
            sign_in: Mutex::default(),
            awaits_device: AtomicBool::new(false),
        })
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        lock(&self.settings).clone()
    }

    pub(crate) fn set_client(&self, id: &str, secret: Option<&str>) -> Result<()> {
        let client = ClientCredentials::new(id, secret)?;
        self.change(|settings| settings.client = Some(client))
    }

    pub(crate) fn set_client_key(
        &self,
        pem: &str,
        algorithm: Option<&str>,
        key_id: Option<&str>,
    ) -> Result<()> {
        let key = Arc::new(Key::from_pem(pem, algorithm, key_id)?);
        self.change(|settings| settings.key = Some(key))
    }

    pub(crate) fn set_client_metadata_url(&self, url: Option<&str>) -> Result<()> {
        url.map(check_metadata_url).transpose()?;
        let url = url.map(str::to_owned);
        self.change(|settings| settings.metadata_url = url)
    }

    pub(crate) fn set_scope(&self, scope: Option<&str>) -> Result<()> {
        if let Some(text) = scope {
            let all: Vec<&str> = text.split(' ').filter(|one| !one.is_empty()).collect();
            if !all.iter().all(|one| scope::is_scope(one)) {
                return Err(Error::argument(
                    "scope has a character that no scope has: pass names with a blank between \
                     them, \"\" for no scope, or NULL",
                ));
            }
        }
        let scope = scope.map(str::to_owned);
        self.change(|settings| settings.scope = scope)
    }

    pub(crate) fn set_issuer(&self, issuer: Option<&str>) -> Result<()> {
        issuer.map(|issuer| given(check_issuer(issuer, PlainHttp::PrivateNetwork))).transpose()?;
        let issuer = issuer.map(str::to_owned);
        self.change(|settings| settings.issuer = issuer)
    }

    pub(crate) fn set_redirect(&self, url: Option<&str>) -> Result<()> {
        url.map(check_redirect).transpose()?;
        let url = url.map(str::to_owned);
        self.change(|settings| settings.redirect = url)
    }

    pub(crate) fn set_browser(self: &Arc<Self>, browser: Option<Box<Browser>>) -> Result<()> {
        // A strong reference would keep the authorization alive for ever.
        let this = Arc::downgrade(self);
        let open_page = browser.map(|browser| {
            Arc::new(move |url: &str| match this.upgrade() {
                Some(auth) => browser(&auth, url),
                None => Err(Error::new(Status::State, "the authorization was freed")),
            }) as Arc<OpenPage>
        });
        self.change(|settings| settings.open_page = open_page)
    }

    pub(crate) fn set_device_handler(
        self: &Arc<Self>,
        handler: Option<Box<DeviceHandler>>,
    ) -> Result<()> {
        // A strong reference would keep the authorization alive for ever.
        let this = Arc::downgrade(self);
        let show = handler.map(|handler| {
            Arc::new(move |code: &DeviceCode| match this.upgrade() {
                Some(auth) => handler(&auth, code),
                None => Err(Error::new(Status::State, "the authorization was freed")),
            }) as Arc<ShowDeviceCode>
        });
        self.change(|settings| settings.show_device_code = show)
    }

    pub(crate) fn set_sign_in_timeout(&self, milliseconds: i64) -> Result<()> {
        let timeout = u64::try_from(milliseconds).ok().filter(|time| *time > 0);
        let timeout = timeout.map(Duration::from_millis).ok_or_else(|| {
            Error::argument("milliseconds is not positive: every wait has an end, of at least 1 ms")
        })?;
        self.change(|settings| settings.sign_in_timeout = timeout)
    }

    pub(crate) fn set_assertion(
        self: &Arc<Self>,
        provider: Option<Box<AssertionProvider>>,
    ) -> Result<()> {
        // A strong reference would keep the authorization alive for ever.
        let this = Arc::downgrade(self);
        let assertion = provider.map(|provider| {
            Arc::new(move |audience: &str| match this.upgrade() {
                Some(auth) => provider(&auth, audience),
                None => Err(Error::new(Status::State, "the authorization was freed")),
            }) as Arc<AssertionHandler>
        });
        self.change(|settings| settings.assertion = assertion)
    }

    pub(crate) fn set_identity_provider(
        &self,
        endpoint: &str,
        id: &str,
        secret: Option<&str>,
    ) -> Result<()> {
        given(check("token_endpoint", endpoint, PlainHttp::Loopback).map(drop))?;
        let client = ClientCredentials::new(id, secret)?;
        let provider = IdentityProvider { token_endpoint: endpoint.to_owned(), client };
        self.change(|settings| settings.identity_provider = Some(provider))
    }

    pub(crate) fn set_dpop(&self, on: Option<bool>) -> Result<()> {
        self.change(|settings| settings.dpop = on)
    }

    pub(crate) fn set_dpop_key(&self, pem: Option<&str>, algorithm: Option<&str>) -> Result<()> {
        let key = pem.map(|pem| Key::from_pem(pem, algorithm, None)).transpose()?.map(Arc::new);
        self.change(|settings| settings.dpop_key = key)
    }

    /// `None`: a store in memory, for the lifetime of the authorization.
    pub(crate) fn set_store(&self, store: Option<Arc<dyn Store>>) -> Result<()> {
        let store = store.unwrap_or_else(|| Arc::new(MemoryStore::default()));
        self.change(|settings| settings.store = store)
    }

    pub(crate) fn set_allow_private(&self, allow: bool) -> Result<()> {
        self.change(|settings| settings.allows_private = allow)
    }

    pub(crate) fn set_authorization_parameter(
        &self,
        name: &str,
        value: Option<&str>,
    ) -> Result<()> {
        self.try_change(|settings| settings.authorization_edits.set(name, value))
    }

    pub(crate) fn set_token_parameter(&self, name: &str, value: Option<&str>) -> Result<()> {
        self.try_change(|settings| settings.token_edits.set(name, value))
    }

    pub(crate) fn set_assume_pkce(&self, on: bool) -> Result<()> {
        self.change(|settings| settings.assumes_pkce = Some(on))
    }

    /// `None` for both: the endpoints of the metadata.
    pub(crate) fn set_endpoints(
        &self,
        authorization: Option<&str>,
        token: Option<&str>,
    ) -> Result<()> {
        for (name, url) in [("authorization endpoint", authorization), ("token endpoint", token)] {
            url.map(|url| given(check(name, url, PlainHttp::PrivateNetwork).map(drop)))
                .transpose()?;
        }
        let endpoints = match (authorization, token) {
            (None, None) => None,
            (Some(_), None) => {
                return Err(Error::argument("token is NULL: set both endpoints, or neither"));
            }
            // The device authorization grant has no authorization endpoint.
            (device, Some(token)) if self.grant == Grant::DeviceCode => Some(GivenEndpoints {
                authorization: None,
                token: token.to_owned(),
                device: device.map(str::to_owned),
            }),
            (authorization, Some(token)) => Some(GivenEndpoints {
                authorization: authorization.map(str::to_owned),
                token: token.to_owned(),
                device: None,
            }),
        };
        self.change(|settings| settings.endpoints = endpoints)
    }

    /// `None`: the first method of the server's list that the client can use.
    pub(crate) fn set_client_auth(&self, method: Option<&str>) -> Result<()> {
        let unknown = || {
            Error::argument(
                "method is none of client_secret_basic, client_secret_post, private_key_jwt and \
                 none",
            )
        };
        let method = method.map(|name| AuthMethod::of(name).ok_or_else(unknown)).transpose()?;
        self.change(|settings| settings.client_auth = method)
    }

    /// `None`: no profile.
    pub(crate) fn set_provider(&self, name: Option<&str>) -> Result<()> {
        let provider = name.map(profile).transpose()?;
        self.change(|settings| settings.provider = provider)
    }

    /// Completes the sign-in that waits for this redirect.
    pub(crate) fn complete(&self, redirect_url: &str) -> Result<()> {
        let waiting = lock(&self.sign_in).clone();
        let offered = match waiting {
            Some(waiting) => waiting.offer_pasted(redirect_url),
            None => Err("the sign-in has ended, or it has not begun".to_owned()),
        };
        offered.map_err(|why| {
            Error::new(Status::State, format!("no sign-in waits for this address: {why}"))
        })
    }

    pub(crate) fn set_pending(&self, sign_in: Option<Arc<PendingSignIn>>) {
        *lock(&self.sign_in) = sign_in;
    }

    /// Whether a person is signing in, for any client of this authorization.
    pub(crate) fn awaits_person(&self) -> bool {
        self.awaits_device.load(Ordering::Acquire) || lock(&self.sign_in).is_some()
    }

    pub(crate) fn set_awaits_device(&self, awaits: bool) {
        self.awaits_device.store(awaits, Ordering::Release);
    }

    pub(crate) fn grant(&self) -> Grant {
        self.grant
    }

    /// The MCP extensions that the client declares.
    pub(crate) fn extensions(&self) -> Vec<&'static str> {
        let dpop = self.wants_dpop().then_some("io.modelcontextprotocol/auth/dpop");
        self.grant.extension().into_iter().chain(dpop).collect()
    }

    /// Whether the application requires DPoP.
    pub(crate) fn wants_dpop(&self) -> bool {
        lock(&self.settings).dpop == Some(true)
    }

    /// The account of an endpoint, shared by all its clients.
    pub(crate) fn account(&self, endpoint: &str) -> Arc<Account> {
        let mut accounts = lock(&self.accounts);
        if let Some(account) = accounts.iter().find(|account| account.endpoint == endpoint) {
            return account.clone();
        }
        let account = Arc::new(Account::new(endpoint.to_owned()));
        accounts.push(account.clone());
        account
    }

    pub(crate) fn nonce(&self, origin: &str) -> Option<String> {
        let nonces = lock(&self.nonces);
        nonces.iter().find(|(known, _)| known == origin).map(|(_, nonce)| nonce.clone())
    }

    pub(crate) fn set_nonce(&self, origin: &str, nonce: &str) {
        let mut nonces = lock(&self.nonces);
        nonces.retain(|(known, _)| known != origin);
        if nonces.len() >= NONCES {
            nonces.remove(0);
        }
        nonces.push((origin.to_owned(), nonce.to_owned()));
    }

    /// The settings. They cannot be changed from here on.
    pub(crate) fn begin(&self) -> Arc<Settings> {
        let mut settings = lock(&self.settings);
        if !self.is_used.swap(true, Ordering::AcqRel) && settings.provider.is_some() {
            *settings = Arc::new(settings.resolved());
        }
        settings.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Settings)) -> Result<()> {
        self.try_change(|settings| {
            change(settings);
            Ok(())
        })
    }

    /// Changes the settings, unless the change fails.
    fn try_change(&self, change: impl FnOnce(&mut Settings) -> Result<()>) -> Result<()> {
        let mut settings = lock(&self.settings);
        if self.is_used.load(Ordering::Acquire) {
            return Err(Error::new(
                Status::State,
                "the authorization is in use: set this before the first call of a client that has \
                 it",
            ));
        }
        let mut changed = Settings::clone(&settings);
        change(&mut changed)?;
        let old = std::mem::replace(&mut *settings, Arc::new(changed));
        // This may free user data of the application: not under the lock.
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

/// A wrong argument of the application is MCP_E_INVALID_ARGUMENT.
fn given(checked: Result<()>) -> Result<()> {
    checked.map_err(|error| Error::argument(error.message()))
}

/// Checks a redirect URL: plain http to this machine, https, or a private-use
/// scheme (RFC 8252, 7.1).
fn check_redirect(url: &str) -> Result<()> {
    let wrong = |why: &str| Err(Error::argument(format!("the redirect URL {why}")));
    if url.len() > URL_LIMIT || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return wrong("is too long, or has a blank or a byte outside ASCII");
    }
    if url.contains('#') {
        return wrong("has a fragment (\"#\"), which no redirect may have");
    }
    let scheme = scheme_of(url).unwrap_or_default().to_ascii_lowercase();
    match scheme.as_str() {
        "http" if is_loopback_redirect(url) => Ok(()),
        "http" => wrong("is http:// and not a loopback address: 127.0.0.1, [::1] or localhost"),
        "https" => given(check("redirect URL", url, PlainHttp::Refused).map(drop)),
        "javascript" | "data" | "file" | "vbscript" | "about" => {
            wrong("has a scheme to which no browser is redirected")
        }
        // RFC 8252, 7.1, asks for a reversed domain name. Many applications do
        // not follow it.
        _ if !scheme.is_empty() && url.len() > scheme.len() + 1 => Ok(()),
        _ => wrong(
            "is neither http:// on this machine, nor https://, nor has a scheme of your own such \
             as \"com.example.app:/callback\"",
        ),
    }
}
