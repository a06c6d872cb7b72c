//! The grants: what each one needs, and those without a person.

use std::time::{Duration, SystemTime};

use crate::auth::oauth::flow::client::{ClientIdentity, ClientSource};
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::token_endpoint::{TimedResponse, TokenRequest};
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::host::listener::LoopbackListener;
use crate::auth::oauth::spec::jwt::check_assertion;
use crate::auth::oauth::spec::scope::granted_part;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::token_response::{
    TokenError, TokenErrorKind, TokenResponse, TokenStep,
};
use crate::auth::oauth::state::settings::Grant;
use crate::base::error::{Error, Result, Status};
use crate::base::seconds::Seconds;
use crate::base::secret::Secret;

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What every grant needs: the servers, the parameters and the client.
#[derive(Clone, Copy)]
pub(super) struct GrantRequest<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) found: &'a Discovered,
    pub(super) parameters: &'a TokenParameters,
    pub(super) client: &'a ClientIdentity,
}

/// Why there is no grant.
pub(super) struct GrantError {
    pub(super) error: Error,
    pub(super) client_status: ClientStatus,
}

/// Whether the authorization server knows the client, as far as its answer
/// shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientStatus {
    Known,
    Unknown,
    /// The browser never came back: the time was over, or the application or the
    /// person ended the sign-in. The server may have shown the reason to the
    /// person only. Or the server refused the request or the code in a way that
    /// does not name the cause.
    InDoubt,
}

impl GrantError {
    /// An error while the person had the time. If the wait ended, the server may
    /// have shown the reason to the person only.
    pub(super) fn interrupted(error: Error) -> Self {
        let client_status = match error.status() {
            Status::Timeout | Status::Cancelled | Status::Closed => ClientStatus::InDoubt,
            _ => ClientStatus::Known,
        };
        Self { error, client_status }
    }
}

impl From<Error> for GrantError {
    fn from(error: Error) -> Self {
        Self { error, client_status: ClientStatus::Known }
    }
}

impl From<TokenError> for GrantError {
    fn from(refused: TokenError) -> Self {
        let client_status = match refused.kind {
            TokenErrorKind::InvalidClient => ClientStatus::Unknown,
            TokenErrorKind::InvalidGrant | TokenErrorKind::ExpiredToken => ClientStatus::Known,
            // The person was asked for this client.
            _ if refused.error.status() == Status::Denied => ClientStatus::Known,
            _ if refused.refusal.is_some() => ClientStatus::InDoubt,
            _ => ClientStatus::Known,
        };
        Self { error: refused.error, client_status }
    }
}

pub(super) type GrantResult = std::result::Result<TimedResponse, GrantError>;

/// The values of a token request that needs no person.
struct DirectGrant<'a> {
    grant_type: &'a str,
    assertion: Option<&'a Secret>,
    /// The scope of this request, which may be narrower than the parameters'.
    scope: Option<String>,
}

impl Flow<'_> {
    /// Remembers a scope that the person refused, so that no step-up asks for it
    /// again.
    pub(super) fn record_denial(&self, error: &Error, scope: Option<&str>) {
        if let (Status::Denied, Some(scope)) = (error.status(), scope) {
            self.account.decline(scope);
        }
    }

    /// Checks that the application set what the grant needs. Comes before any
    /// request.
    pub(super) fn check_settings(&self) -> Result<()> {
        let settings = &self.settings;
        let lacks = |what: &str| Err(Error::new(Status::Auth, format!("the grant needs {what}")));
        match settings.grant {
            Grant::AuthorizationCode => {
                settings.open_page.as_ref().map(drop).ok_or_else(needs_browser)
            }
            Grant::DeviceCode => {
                settings.show_device_code.as_ref().map(drop).ok_or_else(needs_device_handler)
            }
            Grant::ClientCredentials => match &settings.client {
                None => lacks("a client id; see mcp_auth_set_client()"),
                Some(client) if client.secret.is_none() && settings.key.is_none() => lacks(
                    "a client secret or a key; see mcp_auth_set_client() and \
                     mcp_auth_set_client_key()",
                ),
                Some(_) => Ok(()),
            },
            Grant::TokenExchange if settings.identity_provider.is_none() => {
                lacks("an identity provider; see mcp_auth_set_identity_provider()")
            }
            Grant::TokenExchange
                if settings.client.is_none() && settings.metadata_url.is_none() =>
            {
                lacks("a client id at the authorization server; see mcp_auth_set_client()")
            }
            Grant::TokenExchange | Grant::JwtBearer if settings.assertion.is_none() => {
                lacks("a signed token; see mcp_auth_set_assertion_handler()")
            }
            Grant::TokenExchange | Grant::JwtBearer => Ok(()),
        }
    }

    /// Gets a new grant, and the tokens for it.
    pub(super) async fn grant(
        &self,
        request: &GrantRequest<'_>,
        listener: Option<LoopbackListener>,
    ) -> GrantResult {
        match self.settings.grant {
            Grant::AuthorizationCode => self.authorization_code(request, listener).await,
            Grant::ClientCredentials => self.client_credentials(request).await,
            Grant::TokenExchange => self.token_exchange(request).await,
            Grant::JwtBearer => self.jwt_bearer(request).await,
            Grant::DeviceCode => self.device_code(request).await,
        }
    }

    /// RFC 6749, 4.4: the client's own secret or key.
    async fn client_credentials(&self, request: &GrantRequest<'_>) -> GrantResult {
        if request.client.method == AuthMethod::None {
            return Err(GrantError::from(Error::new(
                Status::Auth,
                format!(
                    "the authorization server {} accepts neither the client's secret nor its key, \
                     and the grant client_credentials needs one of them; choose the authentication \
                     method with mcp_auth_set_client_auth()",
                    request.found.issuer()
                ),
            )));
        }
        let scope = request.parameters.scope();
        let grant = DirectGrant { grant_type: "client_credentials", assertion: None, scope };
        self.direct_grant(request, &grant).await
    }

    /// RFC 7523, 2.1: an assertion that the platform signed.
    async fn jwt_bearer(&self, request: &GrantRequest<'_>) -> GrantResult {
        let assertion = self.assertion(request.found.issuer()).await?;
        check_assertion(assertion.expose(), SystemTime::now())?;
        let scope = request.parameters.scope();
        let grant = DirectGrant { grant_type: JWT_BEARER, assertion: Some(&assertion), scope };
        let granted = self.direct_grant(request, &grant).await;
        // The server would refuse the same assertion again.
        granted.inspect_err(|refused| self.account.rest(&refused.error))
    }

    /// RFC 8693 and enterprise-managed authorization: the identity provider
    /// exchanges the person's identity token for an ID-JAG.
    async fn token_exchange(&self, request: &GrantRequest<'_>) -> GrantResult {
        let GrantRequest { found, parameters, .. } = *request;
        let Some(provider) = &self.settings.identity_provider else {
            self.check_settings()?;
            return Err(Error::new(Status::Internal, "no identity provider").into());
        };
        let subject = self.assertion(found.issuer()).await?;
        let has_secret = provider.client.secret.is_some();
        let at_provider = ClientIdentity {
            id: provider.client.id.clone(),
            secret: provider.client.secret.clone(),
            method: if has_secret { AuthMethod::Post } else { AuthMethod::None },
            redirect_uri: String::new(),
            source: ClientSource::Given,
        };
        let scope = parameters.scope();
        let exchange = TokenRequest {
            step: TokenStep::Exchange,
            url: &provider.token_endpoint,
            grant_type: TOKEN_EXCHANGE,
            parts: &[
                ("requested_token_type", Some(ID_JAG)),
                ("subject_token", Some(subject.expose())),
                ("subject_token_type", Some(ID_TOKEN)),
                ("audience", Some(found.issuer())),
                ("resource", Some(&found.resource)),
                ("scope", scope.as_deref()),
            ],
            client: &at_provider,
            parameters: &TokenParameters { key: None, ..parameters.clone() },
        };
        // The application itself names the identity provider, so its address may
        // be private.
        let http = self.need.caller.http_client(true, &self.limit()).await?;
        let exchanged = self.request_token(&http, found, &exchange).await?;
        let id_jag = exchanged.map_err(|refused| refused.error)?.response;
        self.hide(&id_jag.access_token);
        // The ID-JAG is good for the scopes that the provider granted only.
        let scope = granted_part(self.settings.scope.as_deref(), scope, id_jag.scope);
        let assertion = Some(&id_jag.access_token);
        let grant = DirectGrant { grant_type: JWT_BEARER, assertion, scope };
        self.direct_grant(request, &grant).await
    }

    async fn direct_grant(
        &self,
        request: &GrantRequest<'_>,
        grant: &DirectGrant<'_>,
    ) -> GrantResult {
        let GrantRequest { http, found, parameters, client } = *request;
        let has_assertion = grant.assertion.is_some();
        let token_request = TokenRequest {
            step: if has_assertion { TokenStep::Assertion } else { TokenStep::Credentials },
            url: found.server.token_endpoint(found.plain_http)?,
            grant_type: grant.grant_type,
            parts: &[
                ("assertion", grant.assertion.map(Secret::expose)),
                ("resource", Some(&found.resource)),
                ("scope", grant.scope.as_deref()),
            ],
            client,
            parameters,
        };
        let TimedResponse { response, since } =
            self.request_token(http, found, &token_request).await??;
        let scope = response.scope.or_else(|| grant.scope.clone());
        Ok(TimedResponse { response: TokenResponse { scope, ..response }, since })
    }

    /// The assertion as it is now: it may have been replaced since the last
    /// request.
    async fn assertion(&self, audience: &str) -> Result<Secret> {
        let failed = |what: &str| Error::new(Status::Auth, what);
        let Some(assertion) = self.settings.assertion.clone() else {
            return self.check_settings().and(Err(failed("no signed token")));
        };
        let audience = audience.to_owned();
        let token = self.run_callback(self.need.wait, move || assertion(&audience)).await?;
        let bare = Secret::from(token.expose().trim());
        if bare.expose().is_empty() || !bare.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(failed(
                "the signed token is empty or has a blank or another character that no token has",
            ));
        }
        self.hide(&bare);
        Ok(bare)
    }
}

/// The person had this time, and did not sign in.
pub(super) fn nobody_signed_in(time: Duration) -> Error {
    let seconds = Seconds(time);
    Error::new(
        Status::Timeout,
        format!("nobody signed in within {seconds} s; see mcp_auth_set_sign_in_timeout()"),
    )
}

pub(super) fn needs_browser() -> Error {
    Error::new(
        Status::Unauthorized,
        "the server requires a person to sign in, and the application has set no browser; see \
         mcp_auth_set_browser()",
    )
}

pub(super) fn needs_device_handler() -> Error {
    Error::new(
        Status::Unauthorized,
        "the server requires a person to sign in, and the application shows no code; see \
         mcp_auth_set_device_handler()",
    )
}
