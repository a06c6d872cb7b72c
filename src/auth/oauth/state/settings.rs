//! The settings of an authorization.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::oauth::spec::device_authorization::DeviceCode;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::provider_profile::ProviderProfile;
use crate::auth::oauth::spec::redirect::is_loopback_redirect;
use crate::auth::oauth::spec::registration::{ApplicationType, application_type};
use crate::auth::oauth::spec::request_edits::RequestEdits;
use crate::auth::oauth::spec::server_metadata::given_issuer;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::store::Store;
use crate::auth::oauth::store::memory::MemoryStore;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::wire::url::UrlParts;

/// The grant, with the numbers of the public header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Grant {
    AuthorizationCode = 1,
    ClientCredentials = 2,
    TokenExchange = 3,
    JwtBearer = 4,
    DeviceCode = 5,
}

impl Grant {
    pub(crate) const ALL: [Self; 5] = [
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::TokenExchange,
        Self::JwtBearer,
        Self::DeviceCode,
    ];

    /// Whether a person signs in.
    pub(crate) fn needs_person(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::DeviceCode)
    }

    /// Whether a code of the grant is protected with PKCE.
    pub(crate) fn uses_pkce(self) -> bool {
        self == Self::AuthorizationCode
    }

    /// The MCP extension that defines it.
    pub(crate) fn extension(self) -> Option<&'static str> {
        match self {
            Self::AuthorizationCode | Self::DeviceCode => None,
            Self::ClientCredentials => Some("io.modelcontextprotocol/oauth-client-credentials"),
            Self::TokenExchange => Some("io.modelcontextprotocol/enterprise-managed-authorization"),
            Self::JwtBearer => Some("io.modelcontextprotocol/auth/wif"),
        }
    }
}

/// Opens a page in the person's browser.
pub(crate) type OpenPage = dyn Fn(&str) -> Result<()> + Send + Sync;

/// Shows the code of the device authorization grant to the person.
pub(crate) type ShowDeviceCode = dyn Fn(&DeviceCode) -> Result<()> + Send + Sync;

/// Returns the assertion for an audience: the token of a person or a workload. It
/// is called again for each request.
pub(crate) type AssertionHandler = dyn Fn(&str) -> Result<Secret> + Send + Sync;

/// The client id and secret that the application set.
#[derive(Clone, Debug)]
pub(crate) struct ClientCredentials {
    pub(crate) id: String,
    pub(crate) secret: Option<Secret>,
}

/// The server that exchanges an identity token for an ID-JAG.
#[derive(Clone, Debug)]
pub(crate) struct IdentityProvider {
    pub(crate) token_endpoint: String,
    pub(crate) client: ClientCredentials,
}

/// Endpoints of an authorization server that publishes no metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GivenEndpoints {
    /// Not needed for a grant without a browser.
    pub(crate) authorization: Option<String>,
    pub(crate) token: String,
    /// Of the device authorization grant.
    pub(crate) device: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) grant: Grant,
    pub(crate) client: Option<ClientCredentials>,
    pub(crate) key: Option<Arc<Key>>,
    pub(crate) metadata_url: Option<String>,
    /// Empty: the requests have no scope.
    pub(crate) scope: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) redirect: Option<String>,
    pub(crate) open_page: Option<Arc<OpenPage>>,
    pub(crate) show_device_code: Option<Arc<ShowDeviceCode>>,
    pub(crate) sign_in_timeout: Duration,
    pub(crate) assertion: Option<Arc<AssertionHandler>>,
    pub(crate) identity_provider: Option<IdentityProvider>,
    /// Whether tokens are bound to a key (DPoP); `None`: the servers decide.
    pub(crate) dpop: Option<bool>,
    pub(crate) dpop_key: Option<Arc<Key>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) allows_private: bool,
    /// Changes to the authorization request, and to every token request.
    pub(crate) authorization_edits: RequestEdits,
    pub(crate) token_edits: RequestEdits,
    /// Whether PKCE counts as declared if the server's metadata says nothing.
    pub(crate) assumes_pkce: Option<bool>,
    pub(crate) endpoints: Option<GivenEndpoints>,
    pub(crate) client_auth: Option<AuthMethod>,
    pub(crate) provider: Option<&'static ProviderProfile>,
}

const SIGN_IN_TIMEOUT: Duration = Duration::from_secs(300);

impl Settings {
    pub(crate) fn new(grant: Grant) -> Self {
        Self {
            grant,
            client: None,
            key: None,
            metadata_url: None,
            scope: None,
            issuer: None,
            redirect: None,
            open_page: None,
            show_device_code: None,
            sign_in_timeout: SIGN_IN_TIMEOUT,
            assertion: None,
            identity_provider: None,
            dpop: None,
            dpop_key: None,
            store: Arc::new(MemoryStore::default()),
            allows_private: false,
            authorization_edits: RequestEdits::default(),
            token_edits: RequestEdits::default(),
            assumes_pkce: None,
            endpoints: None,
            client_auth: None,
            provider: None,
        }
    }

    /// The settings of the application, and below them those of its provider's
    /// profile.
    pub(crate) fn resolved(&self) -> Self {
        let mut settings = self.clone();
        let Some(profile) = self.provider else { return settings };
        settings.redirect = settings.redirect.or_else(|| profile.redirect.map(str::to_owned));
        // The profile's method proves a secret.
        if settings.client.as_ref().is_some_and(|client| client.secret.is_some()) {
            settings.client_auth = settings.client_auth.or(profile.client_auth);
        }
        settings.assumes_pkce = settings.assumes_pkce.or(Some(profile.assumes_pkce));
        settings.authorization_edits =
            self.authorization_edits.over(profile.authorization_parameters, None);
        settings.token_edits =
            self.token_edits.over(profile.token_parameters, Some(&self.authorization_edits));
        settings
    }

    /// The issuer that the application chose: the pinned one, or that of the
    /// endpoints that it set.
    pub(crate) fn chosen_issuer(&self) -> Option<String> {
        let pin = self.issuer.as_deref();
        match &self.endpoints {
            Some(given) => Some(given_issuer(&given.token, pin)),
            None => pin.map(str::to_owned),
        }
    }

    /// The `application_type` for the redirect URL. A device has none.
    pub(crate) fn application_type(&self) -> ApplicationType {
        if self.grant == Grant::DeviceCode {
            return ApplicationType::Device;
        }
        self.redirect.as_deref().map_or(ApplicationType::Native, application_type)
    }

    /// The kinds of registrations to which usable tokens may be issued, the own
    /// one first. A person who signed in with a device code is signed in for a
    /// browser as well, and the other way round.
    pub(crate) fn registration_kinds(&self) -> impl Iterator<Item = ApplicationType> + use<> {
        let own = self.application_type();
        let is_other = move |kind: &ApplicationType| {
            *kind != own && (own == ApplicationType::Device || *kind == ApplicationType::Device)
        };
        [own].into_iter().chain(ApplicationType::ALL.into_iter().filter(is_other))
    }

    /// Whether tokens of a grant, by its number, serve this one as well.
    pub(crate) fn takes_tokens_of(&self, grant: u64) -> bool {
        let of = Grant::ALL.into_iter().find(|one| *one as u64 == grant);
        of == Some(self.grant) || (self.grant.needs_person() && of.is_some_and(Grant::needs_person))
    }

    /// Whether the library listens for the redirect.
    pub(crate) fn listens(&self) -> bool {
        self.grant != Grant::DeviceCode
            && self.redirect.as_ref().is_none_or(|redirect| is_loopback_redirect(redirect))
    }

    /// Whether the redirect URL has a port at which the library listens.
    pub(crate) fn has_own_port(&self) -> bool {
        let redirect = self.redirect.as_deref().unwrap_or_default();
        let port = UrlParts::of(redirect).port().strip_prefix(':');
        port.and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port != 0)
    }

    /// The values of parameters that no message may show. Unlike with the other
    /// secrets, the rest of a server's text is still of use.
    pub(crate) fn parameter_secrets(&self) -> impl Iterator<Item = Secret> + '_ {
        self.authorization_edits.secrets().chain(self.token_edits.secrets())
    }

    /// The secrets that no message may show.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> + '_ {
        let provider = self.identity_provider.iter().map(|provider| &provider.client);
        self.client.iter().chain(provider).filter_map(|client| client.secret.clone())
    }
}

impl ClientCredentials {
    /// Checks the values. The error does not quote a secret.
    pub(crate) fn new(id: &str, secret: Option<&str>) -> Result<Self> {
        let wrong = |name: &str| {
            Err(Error::argument(format!("{name} is empty or has a control character")))
        };
        if id.is_empty() || id.chars().any(char::is_control) {
            return wrong("client_id");
        }
        if secret.is_some_and(|secret| secret.is_empty() || secret.chars().any(char::is_control)) {
            return wrong("client_secret");
        }
        Ok(Self { id: id.to_owned(), secret: secret.map(Secret::from) })
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Settings")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whether_the_redirect_has_a_port() {
        for (redirect, has) in [
            (None, false),
            (Some("http://localhost/callback"), false),
            (Some("http://localhost:0/callback"), false),
            (Some("http://[::1]/callback?a=b:8"), false),
            (Some("http://[::1]"), false),
            (Some("http://[::1]:80"), true),
            (Some("http://127.0.0.1:8080/callback"), true),
            (Some("HTTP://localhost:8080"), true),
        ] {
            let mut settings = Settings::new(Grant::AuthorizationCode);
            settings.redirect = redirect.map(str::to_owned);
            assert_eq!(settings.has_own_port(), has, "{redirect:?}");
        }
    }
}
