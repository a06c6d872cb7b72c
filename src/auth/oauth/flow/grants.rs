//! The grants: which one there is, and those that need no person.

use std::ffi::OsStr;
use std::time::SystemTime;

use crate::auth::oauth::flow::authorization_code::check_browser;
use crate::auth::oauth::flow::client::{ClientIdentity, ClientSource};
use crate::auth::oauth::flow::context::{Flow, TokenParameters};
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::http_client::HttpClient;
use crate::auth::oauth::spec::jwt::check_assertion;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::token_response::{TokenResponse, TokenStep};
use crate::auth::oauth::state::settings::{Assertion, Grant};
use crate::auth::token::Token;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;

const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What a token is asked for by, without a person.
struct GrantInput<'a> {
    assertion: Option<&'a Secret>,
    /// What is asked for this time; the wish is what has been wanted.
    scope: Option<String>,
}

impl Flow<'_> {
    /// Whether the program has set what the grant needs, before anybody is
    /// asked for anything.
    pub(super) fn check_means(&self) -> Result<()> {
        let settings = &self.settings;
        let lacks = |what: &str| Err(Error::new(Status::Auth, format!("the grant needs {what}")));
        match settings.grant {
            Grant::AuthorizationCode => check_browser(settings),
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

    /// Gets a token as if there had never been one.
    pub(super) async fn begin_anew(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: TokenParameters,
    ) -> Result<Token> {
        match self.settings.grant {
            Grant::AuthorizationCode => self.by_person(http, found, &parameters).await,
            Grant::ClientCredentials => self.by_client(http, found, &parameters).await,
            Grant::TokenExchange => self.by_identity(http, found, &parameters).await,
            Grant::JwtBearer => self.by_platform(http, found, &parameters).await,
        }
    }

    /// By the program's own secret or key (RFC 6749, 4.4).
    async fn by_client(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<Token> {
        let client = self.client_without_person(found).await?;
        if client.method == AuthMethod::None {
            return Err(Error::new(
                Status::Auth,
                format!(
                    "the authorization server {} takes neither the client's secret nor its key, \
                     without which this grant is nothing",
                    found.issuer()
                ),
            ));
        }
        let by = GrantInput { assertion: None, scope: parameters.scope() };
        self.grant(http, found, parameters, &client, "client_credentials", &by).await
    }

    /// By a signed token of the platform (RFC 7523, 2.1).
    async fn by_platform(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<Token> {
        let client = self.client_without_person(found).await?;
        let assertion = self.assertion(found.issuer()).await?;
        check_assertion(assertion.expose(), SystemTime::now())?;
        let by = GrantInput { assertion: Some(&assertion), scope: parameters.scope() };
        let done = self.grant(http, found, parameters, &client, JWT_BEARER, &by).await;
        // A token of the platform that was refused is refused again.
        done.inspect_err(|error| self.account.rest(error))
    }

    /// By the identity token of a person, which becomes an ID-JAG first
    /// (RFC 8693; enterprise-managed authorization).
    async fn by_identity(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> Result<Token> {
        let Some(provider) = &self.settings.identity_provider else {
            return self.check_means().and(Err(Error::new(Status::Internal, "no provider")));
        };
        let client = self.client_without_person(found).await?;
        let subject = self.assertion(found.issuer()).await?;
        let at_provider = ClientIdentity {
            id: provider.client.id.clone(),
            secret: provider.client.secret.clone(),
            method: if provider.client.secret.is_some() {
                AuthMethod::Post
            } else {
                AuthMethod::None
            },
            redirect_uri: String::new(),
            source: ClientSource::Given,
        };
        let scope = parameters.scope();
        let ask = TokenRequest {
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
        // The program names this server itself, so it may be anywhere.
        let own = self.need.caller.http_client(true, &self.limit()).await?;
        let exchanged =
            self.request_token(&own, found, &ask).await?.map_err(|failed| failed.error)?;
        let granted = exchanged.granted;
        self.hide(&granted.access_token);
        // What the provider gave is all that may be asked for with it.
        let scope = granted.scope.filter(|scope| !scope.is_empty()).or(scope);
        let by = GrantInput { assertion: Some(&granted.access_token), scope };
        self.grant(http, found, parameters, &client, JWT_BEARER, &by).await
    }

    /// One request that needs nobody.
    async fn grant(
        &self,
        http: &HttpClient,
        found: &Discovered,
        parameters: &TokenParameters,
        client: &ClientIdentity,
        grant_type: &str,
        by: &GrantInput<'_>,
    ) -> Result<Token> {
        let ask = TokenRequest {
            step: if by.assertion.is_some() {
                TokenStep::Assertion
            } else {
                TokenStep::Credentials
            },
            url: found.server.token_endpoint(found.plain)?,
            grant_type,
            parts: &[
                ("assertion", by.assertion.map(Secret::expose)),
                ("resource", Some(&found.resource)),
                ("scope", by.scope.as_deref()),
            ],
            client,
            parameters,
        };
        let got = self.request_token(http, found, &ask).await?.map_err(|failed| failed.error)?;
        let scope = got.granted.scope.or_else(|| by.scope.clone());
        let granted = TokenResponse { scope, ..got.granted };
        self.take(granted, found, &client.id, parameters, got.since, None).await
    }

    /// The signed token that is there now.
    async fn assertion(&self, audience: &str) -> Result<Secret> {
        let failed = |what: String| Error::new(Status::Auth, what);
        let Some(assertion) = self.settings.assertion.clone() else {
            return self.check_means().and(Err(failed("no signed token".to_owned())));
        };
        let token = match assertion {
            Assertion::Callback(ask) => {
                let audience = audience.to_owned();
                self.ask(self.need.wait, move || ask(&audience)).await?
            }
            Assertion::File(path) => read_file(&path)?,
            // As it is now, on a thread of the program's.
            Assertion::Variable(name) => {
                self.ask(self.need.wait, move || read_variable(&name)).await?
            }
        };
        let bare = Secret::from(token.expose().trim());
        if bare.expose().is_empty() || !bare.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(failed(
                "the signed token is empty or has a blank or another character that no token has"
                    .to_owned(),
            ));
        }
        self.hide(&bare);
        Ok(bare)
    }
}

fn read_variable(name: &OsStr) -> Result<Secret> {
    let environment = Environment::read();
    let token = environment.get(name).and_then(OsStr::to_str);
    token.map(Secret::from).ok_or_else(|| {
        let name = crate::base::error::quote(&name.to_string_lossy());
        let what = format!("the environment variable {name} with the signed token is not set");
        Error::new(Status::Auth, what)
    })
}

/// Reads a token from a file of a sensible size; does not wait for the writer
/// of a FIFO.
fn read_file(path: &std::path::Path) -> Result<Secret> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    const MOST: u64 = 256 * 1024;
    let failed = |why: String| {
        let path = crate::base::error::quote(&path.to_string_lossy());
        Error::new(Status::Auth, format!("the signed token in {path} cannot be read: {why}"))
    };
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path);
    let file = file.map_err(|error| failed(error.to_string()))?;
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Err(failed("it is no regular file".to_owned()));
    }
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(MOST + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > MOST {
        return Err(failed(format!("it has more than {MOST} bytes")));
    }
    Ok(Secret::from(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn waits_for_no_writer_of_a_fifo() {
        let path = std::env::temp_dir().join(format!("mcp-fifo-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let (done, result) = mpsc::channel();
        let read = path.clone();
        std::thread::spawn(move || done.send(read_file(&read).map(drop)));
        let error = result.recv_timeout(Duration::from_secs(5)).unwrap().unwrap_err();
        assert!(error.message().contains("no regular file"), "{}", error.message());
        std::fs::remove_file(path).unwrap();
    }
}
