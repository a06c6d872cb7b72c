//! Discovery: which authorization server issues tokens for the MCP server.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Flow, Reason};
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::key::{Algorithm, Key};
use crate::auth::oauth::spec::metadata::{
    FailedLookups, base, resource_metadata_urls, server_metadata_urls,
};
use crate::auth::oauth::spec::resource_metadata::ResourceMetadata;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::url_rules::{PlainHttp, canonical, check_issuer};
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::entry::Registration;
use crate::base::error::{Error, Result, Status};
use crate::transport::address_policy::NetworkZone;
use crate::transport::wait::Wait;
use crate::wire::url::Url;

/// The result of the discovery.
pub(super) struct Discovered {
    /// The resource of the metadata; the endpoint if there is no metadata.
    pub(super) resource: String,
    pub(super) server: Arc<ServerMetadata>,
    /// The scopes of the resource metadata.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) demands_dpop: bool,
    dpop_algorithms: Option<Vec<String>>,
    /// Where metadata was looked for, if there is none at all.
    pub(super) no_metadata: Option<String>,
    pub(super) plain_http: PlainHttp,
}

impl Discovered {
    /// What an earlier discovery found, for a renewal.
    pub(super) fn known(
        resource: &str,
        server: Arc<ServerMetadata>,
        plain_http: PlainHttp,
    ) -> Self {
        let (demands_dpop, dpop_algorithms, scopes) = (false, None, None);
        let resource = resource.to_owned();
        Self {
            resource,
            server,
            scopes,
            demands_dpop,
            dpop_algorithms,
            no_metadata: None,
            plain_http,
        }
    }

    /// Whether the token is from this authorization server, for this resource.
    pub(super) fn issued(&self, held: &CachedToken) -> bool {
        held.entry.issuer == self.issuer() && held.entry.resource == self.resource
    }

    pub(super) fn issuer(&self) -> &str {
        &self.server.issuer
    }

    /// Adds the likely reason to an error of this server: it does not list the
    /// grant, or it may be no authorization server at all.
    pub(super) fn explain(&self, grant: &str, error: Error) -> Error {
        let error = match self.server.doubts(grant) {
            Some(doubts) => error.during(&doubts),
            None => error,
        };
        match &self.no_metadata {
            Some(no_metadata) if matches!(error.http_status(), 404 | 405) => {
                error.during(no_metadata)
            }
            _ => error,
        }
    }

    /// The algorithm of DPoP proofs, which both servers must support.
    pub(super) fn dpop_algorithm(&self, key: Option<&Key>) -> Result<Algorithm> {
        let knows = |algorithm: Algorithm| {
            let is_in = |list: &Vec<String>| list.iter().any(|one| one == algorithm.name());
            self.server.dpop_algorithms.as_ref().is_some_and(is_in)
                && self.dpop_algorithms.as_ref().is_none_or(is_in)
        };
        let can_be = match key {
            Some(key) => vec![key.algorithm()],
            None => vec![Algorithm::Es256, Algorithm::EdDsa],
        };
        can_be.into_iter().find(|one| knows(*one)).ok_or_else(|| {
            Error::new(
                Status::Auth,
                format!(
                    "tokens must be bound to a key (DPoP), and the authorization server {} \
                     lists no DPoP algorithm that the key has",
                    self.issuer()
                ),
            )
        })
    }
}

impl Flow<'_> {
    /// Reads the metadata of the MCP server, then of its authorization server.
    pub(super) async fn discover(
        &self,
        http: &HttpClient,
        reason: Reason<'_>,
        wait: &Wait,
    ) -> Result<Discovered> {
        let challenge = reason.challenge();
        let is_sign_in = reason.is_sign_in();
        let plain_http = plain_http(http);
        let named = challenge.and_then(|challenge| challenge.get("resource_metadata"));
        let endpoint = &self.account.endpoint;
        let mut misses = FailedLookups::default();
        for place in resource_metadata_urls(endpoint, named, plain_http, &mut misses) {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = misses.read(&endpoint_response(&place, &fetched)) else {
                continue;
            };
            // The first document counts, also if it is refused.
            let metadata = ResourceMetadata::read(&document, &place, endpoint)?;
            let known = self.known_issuers(&metadata.authorization_servers).await?;
            let pin = self.settings.issuer.as_deref();
            let issuer =
                metadata.issuer(pin, plain_http, |one| known.iter().any(|it| it == one))?;
            let server = match self.server(http, issuer, plain_http, wait).await? {
                Ok(server) => server,
                Err(no_metadata) => return Err(nothing_published(issuer, &no_metadata)),
            };
            return Ok(Discovered {
                server: Arc::new(server),
                scopes: metadata.scopes_supported,
                demands_dpop: metadata.dpop_required,
                dpop_algorithms: metadata.dpop_algorithms,
                resource: metadata.resource,
                no_metadata: None,
                plain_http,
            });
        }
        let no_metadata = misses.nothing("metadata of the protected resource")?;
        let (server, no_metadata) = self
            .server_without_resource_metadata(http, plain_http, no_metadata, is_sign_in, wait)
            .await?;
        let url = Url::parse(endpoint)?;
        Ok(Discovered {
            resource: canonical(&url),
            server: Arc::new(server),
            scopes: None,
            demands_dpop: false,
            dpop_algorithms: None,
            no_metadata,
            plain_http,
        })
    }

    /// The authorization server if the resource publishes no metadata: the
    /// pinned one, or the one at the MCP server's origin as in revision
    /// 2025-03-26. The latter may publish nothing; then the text lists where
    /// the library looked for metadata. The server must have required a token.
    async fn server_without_resource_metadata(
        &self,
        http: &HttpClient,
        plain_http: PlainHttp,
        no_metadata: String,
        is_sign_in: bool,
        wait: &Wait,
    ) -> Result<(ServerMetadata, Option<String>)> {
        let base = base(&self.account.endpoint);
        let issuer = self.settings.issuer.as_deref().unwrap_or(base);
        match self.server(http, issuer, plain_http, wait).await? {
            Ok(server) => Ok((server, None)),
            Err(more) if issuer == base && !is_sign_in => {
                Ok((ServerMetadata::without_document(base), Some(format!("{no_metadata}; {more}"))))
            }
            Err(more) => Err(nothing_published(issuer, &format!("{more}; {no_metadata}"))),
        }
    }

    /// The metadata of an authorization server, or the text that says where it
    /// was looked for.
    pub(super) async fn server(
        &self,
        http: &HttpClient,
        issuer: &str,
        plain_http: PlainHttp,
        wait: &Wait,
    ) -> Result<std::result::Result<ServerMetadata, String>> {
        check_issuer(issuer, plain_http)?;
        let mut misses = FailedLookups::default();
        for place in server_metadata_urls(issuer) {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = misses.read(&endpoint_response(&place, &fetched)) else {
                continue;
            };
            let read = ServerMetadata::read(&document, &place, issuer).and_then(|server| {
                if self.settings.grant.needs_person() {
                    server.check_pkce()?;
                }
                Ok(server)
            });
            // OAuth and OpenID metadata may differ: try the other.
            match read {
                Ok(server) => return Ok(Ok(server)),
                Err(error) => misses.refuse(error),
            }
        }
        misses.nothing("metadata of the authorization server").map(Err)
    }

    /// Reads the metadata of an issuer again. It may publish nothing.
    pub(super) async fn server_again(
        &self,
        http: &HttpClient,
        issuer: &str,
    ) -> Result<std::result::Result<Arc<ServerMetadata>, String>> {
        let found = self.server(http, issuer, plain_http(http), &self.limit()).await?;
        Ok(match found {
            Ok(server) => Ok(Arc::new(server)),
            Err(_) if issuer == base(&self.account.endpoint) => {
                Ok(Arc::new(ServerMetadata::without_document(issuer)))
            }
            Err(no_metadata) => Err(no_metadata),
        })
    }

    /// Reads one place; `None` if it could not be reached.
    async fn fetch(
        &self,
        http: &HttpClient,
        place: &str,
        misses: &mut FailedLookups,
        wait: &Wait,
    ) -> Result<Option<Fetched>> {
        let headers = [("MCP-Protocol-Version", self.need.caller.revision())];
        match http.get(place, &headers, wait).await {
            Ok(fetched) => Ok(Some(fetched)),
            Err(error) => {
                wait.check()?;
                misses.failed(place, error);
                Ok(None)
            }
        }
    }

    /// The listed issuers with which the client is registered, or from which it
    /// has a token.
    async fn known_issuers(&self, listed: &[String]) -> Result<Vec<String>> {
        const MOST: usize = 8;
        let mut known = Vec::new();
        if listed.len() < 2 {
            return Ok(known);
        }
        known.extend(self.account.held().map(|held| held.entry.issuer.clone()));
        let kind = self.settings.application_type();
        for issuer in listed.iter().take(MOST) {
            let key = Registration::key(issuer, kind);
            if self.store.read::<Registration>(&key).await?.is_some() {
                known.push(issuer.clone());
            }
        }
        Ok(known)
    }
}

/// Whether URLs of this machine may be plain http.
pub(super) fn plain_http(http: &HttpClient) -> PlainHttp {
    let policy = http.address_policy();
    if policy.zone == NetworkZone::Loopback || policy.allows_private {
        PlainHttp::Loopback
    } else {
        PlainHttp::Refused
    }
}

/// The parts of an HTTP response that OAuth reads.
pub(super) fn endpoint_response<'a>(url: &'a str, fetched: &'a Fetched) -> EndpointResponse<'a> {
    EndpointResponse {
        url,
        status: fetched.status,
        media: fetched.media.as_str(),
        retry_after: fetched.retry_after.as_deref(),
        date: fetched.date.as_deref(),
        body: fetched.body.expose().as_bytes(),
        now: SystemTime::now(),
    }
}

fn nothing_published(issuer: &str, lookup: &str) -> Error {
    Error::new(
        Status::Auth,
        format!("the authorization server {issuer} publishes no metadata: {lookup}"),
    )
}
