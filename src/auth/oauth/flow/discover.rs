//! Discovery: which authorization server issues tokens for the MCP server.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Flow, Reason};
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::json_document::JsonDocument;
use crate::auth::oauth::spec::key::{Algorithm, Key};
use crate::auth::oauth::spec::metadata::{FailedLookups, RefusalKind};
use crate::auth::oauth::spec::metadata_places::{
    MetadataPlace, base, has_same_origin, pinned_metadata_places, resource_metadata_places,
    server_metadata_places, with_known_place,
};
use crate::auth::oauth::spec::provider_profile::ProfileChoice;
use crate::auth::oauth::spec::resource_metadata::ResourceMetadata;
use crate::auth::oauth::spec::server_metadata::{ServerMetadata, setting_issuer};
use crate::auth::oauth::spec::url_rules::{PlainHttp, canonical, check_issuer, is_safe_to_copy};
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::auth::oauth::store::entry::{Registration, Tokens};
use crate::base::error::{Error, Result, Status};
use crate::transport::address_policy::NetworkZone;
use crate::transport::wait::Wait;
use crate::wire::url::Url;

/// What an error adds if the origin of the MCP server may be no authorization server.
pub(super) const OTHER_ISSUER: &str =
    "if another authorization server is right, set it with mcp_auth_set_issuer()";

/// What an error adds if nothing shows that the MCP server wants a token.
const NOT_REQUIRED: &str = "the MCP server has not asked for a token: it may need no sign-in";

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
                error.during(no_metadata).with_advice(OTHER_ISSUER)
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
        let plain_http = plain_http(http);
        if let Some(server) = self.given_server() {
            let resource = canonical(&Url::parse(&self.account.endpoint)?);
            return Ok(Discovered::known(&resource, server, plain_http));
        }
        let challenge = reason.challenge();
        let named = challenge.and_then(|challenge| challenge.get("resource_metadata"));
        let no_metadata = match self.resource(http, named, plain_http, wait).await? {
            Ok(metadata) => {
                let server = self.server_of(http, &metadata, plain_http, wait).await?;
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
            Err(no_metadata) => no_metadata,
        };
        let is_required = reason.is_required();
        let (server, no_metadata) = self
            .server_without_resource_metadata(http, plain_http, no_metadata, is_required, wait)
            .await?;
        let resource = canonical(&Url::parse(&self.account.endpoint)?);
        Ok(Discovered { no_metadata, ..Discovered::known(&resource, Arc::new(server), plain_http) })
    }

    /// The server with the endpoints that the application set. No metadata is read
    /// for it.
    fn given_server(&self) -> Option<Arc<ServerMetadata>> {
        let given = self.settings.endpoints.as_ref()?;
        let pin = self.settings.issuer.as_deref();
        Some(Arc::new(ServerMetadata::given(given.authorization.as_deref(), &given.token, pin)))
    }

    /// What the provider's profile has for one of these authorization servers, in
    /// place of its documents. What the application set counts more.
    fn profile_choice<'a>(&self, named: impl Iterator<Item = &'a str>) -> Option<ProfileChoice> {
        if self.settings.issuer.is_some() || self.settings.endpoints.is_some() {
            return None;
        }
        self.settings.provider?.choice_for(named)
    }

    /// The server with the endpoints of the provider's profile, if the tokens are
    /// from there. An issuer that the application pinned has its own documents.
    fn profile_server(&self, issuer: &str) -> Option<Arc<ServerMetadata>> {
        if self.settings.issuer.is_some() {
            return None;
        }
        let (authorization, token) = self.settings.provider?.endpoints()?;
        let server = ServerMetadata::given(Some(authorization), token, None);
        (server.issuer == issuer).then(|| Arc::new(server))
    }

    /// The metadata of the MCP server, or the text that says where it was looked
    /// for. The first document that says something counts, also if it is refused.
    async fn resource(
        &self,
        http: &HttpClient,
        named: Option<&str>,
        plain_http: PlainHttp,
        wait: &Wait,
    ) -> Result<std::result::Result<ResourceMetadata, String>> {
        let endpoint = &self.account.endpoint;
        let mut misses = FailedLookups::default();
        let named = misses.allowed(named, plain_http);
        for place in resource_metadata_places(endpoint, named) {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = read(&place, &fetched, &mut misses) else { continue };
            if ResourceMetadata::says_nothing(&document) {
                misses.note(&place.url, "names no resource and no authorization server");
                continue;
            }
            return ResourceMetadata::read(&document, &place.url, endpoint).map(Ok);
        }
        misses.nothing("metadata of the protected resource").map(Err)
    }

    /// The authorization server of a resource: the pinned one, else a listed one.
    async fn server_of(
        &self,
        http: &HttpClient,
        metadata: &ResourceMetadata,
        plain_http: PlainHttp,
        wait: &Wait,
    ) -> Result<ServerMetadata> {
        let listed = &metadata.authorization_servers;
        let choice = self.profile_choice(listed.iter().map(String::as_str));
        let pin = match choice {
            Some(ProfileChoice::Endpoints { authorization, token }) => {
                return Ok(ServerMetadata::given(Some(authorization), token, None));
            }
            Some(ProfileChoice::Issuer(issuer)) => Some(issuer),
            None => self.settings.issuer.as_deref(),
        };
        if let Some(pin) = pin {
            let places = pinned_metadata_places(pin, listed, plain_http);
            let found = self.server_at(http, pin, places, plain_http, wait).await;
            let found = found.map_err(|error| match error.status() {
                // The pin may have a mistake.
                Status::Unavailable => error.with_advice(&metadata.listed()),
                _ => error,
            });
            return found?
                .map_err(|lookup| nothing_published(&format!("{lookup}; {}", metadata.listed())));
        }
        let known = self.known_issuers(listed).await?;
        let issuer = metadata.issuer(plain_http, |one| known.iter().any(|it| it == one))?;
        let found = self.server(http, issuer, plain_http, wait).await?;
        found.map_err(|lookup| nothing_published(&lookup))
    }

    /// The authorization server if the resource publishes no metadata: the
    /// pinned one, or the one at the MCP server's origin as in revision
    /// 2025-03-26. The latter may publish nothing; then the text lists where
    /// the library looked for metadata. `is_required`: the server required a token.
    async fn server_without_resource_metadata(
        &self,
        http: &HttpClient,
        plain_http: PlainHttp,
        no_metadata: String,
        is_required: bool,
        wait: &Wait,
    ) -> Result<(ServerMetadata, Option<String>)> {
        let base = base(&self.account.endpoint);
        let issuer = match self.profile_choice(std::iter::once(base)) {
            Some(ProfileChoice::Endpoints { authorization, token }) => {
                return Ok((ServerMetadata::given(Some(authorization), token, None), None));
            }
            Some(ProfileChoice::Issuer(issuer)) => issuer,
            None => self.settings.issuer.as_deref().unwrap_or(base),
        };
        // The endpoints that issued a token are asked for another one.
        let has_issued = || self.account.held().is_some_and(|held| held.entry.issuer == base);
        match self.server(http, issuer, plain_http, wait).await? {
            Ok(server) => Ok((server, None)),
            Err(more) if issuer == base && (is_required || has_issued()) => {
                Ok((ServerMetadata::without_document(base), Some(format!("{no_metadata}; {more}"))))
            }
            Err(more) => {
                let error = nothing_published(&format!("{more}; {no_metadata}"));
                Err(if issuer == base { error.with_advice(NOT_REQUIRED) } else { error })
            }
        }
    }

    /// The metadata of an authorization server at its own places, or the text that
    /// says where it was looked for.
    async fn server(
        &self,
        http: &HttpClient,
        issuer: &str,
        plain_http: PlainHttp,
        wait: &Wait,
    ) -> Result<std::result::Result<ServerMetadata, String>> {
        self.server_at(http, issuer, server_metadata_places(issuer), plain_http, wait).await
    }

    /// The metadata of an authorization server at one of these places.
    async fn server_at(
        &self,
        http: &HttpClient,
        issuer: &str,
        places: Vec<MetadataPlace>,
        plain_http: PlainHttp,
        wait: &Wait,
    ) -> Result<std::result::Result<ServerMetadata, String>> {
        check_issuer(issuer, plain_http)?;
        let mut misses = FailedLookups::default();
        for place in places {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = read(&place, &fetched, &mut misses) else { continue };
            if ServerMetadata::says_nothing(&document) {
                misses.note(&place.url, "names no issuer and no endpoint");
                continue;
            }
            // The documents of two places may differ: try the next one.
            let server = match ServerMetadata::read(&document, &place.url, issuer) {
                Ok(server) => server,
                Err(error) => {
                    let published = document.text("issuer").unwrap_or_default();
                    let is_same_origin = has_same_origin(&published, issuer);
                    let kind =
                        if is_same_origin { RefusalKind::Issuer } else { RefusalKind::Place };
                    misses.refuse(kind, error);
                    misses.note_issuer(&place.url, published);
                    continue;
                }
            };
            let is_assumed = self.settings.assumes_pkce == Some(true);
            match server.check_pkce(is_assumed) {
                Err(error) if self.settings.grant.uses_pkce() => {
                    misses.refuse(RefusalKind::Pkce, error);
                }
                _ => return Ok(Ok(server)),
            }
        }
        let moved_to = misses.moved_issuer().filter(|issuer| is_safe_to_copy(issuer));
        let lookup = misses.nothing(&format!("metadata of the authorization server {issuer}"))?;
        Ok(Err(match moved_to {
            Some(moved_to) => {
                format!("{lookup}; if {moved_to} is the right one, {}", setting_issuer(&moved_to))
            }
            None => lookup,
        }))
    }

    /// Reads the metadata again of the server that issued tokens. It may publish
    /// nothing.
    pub(super) async fn server_again(
        &self,
        http: &HttpClient,
        tokens: &Tokens,
    ) -> Result<std::result::Result<Arc<ServerMetadata>, String>> {
        let issuer = &tokens.issuer;
        if let Some(server) = self.given_server() {
            return Ok(match server.issuer == *issuer {
                true => Ok(server),
                false => Err(format!(
                    "the tokens are from {issuer}, and the endpoints that are set are those of {}",
                    server.issuer
                )),
            });
        }
        if let Some(server) = self.profile_server(issuer) {
            return Ok(Ok(server));
        }
        let places = server_metadata_places(issuer);
        let places = with_known_place(places, tokens.metadata_url.as_deref(), issuer);
        let found = self.server_at(http, issuer, places, plain_http(http), &self.limit()).await?;
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
        place: &MetadataPlace,
        misses: &mut FailedLookups,
        wait: &Wait,
    ) -> Result<Option<Fetched>> {
        let headers = [("MCP-Protocol-Version", self.need.caller.revision())];
        match http.get(&place.url, &headers, wait).await {
            Ok(fetched) => Ok(Some(fetched)),
            // The request was not sent, or one of its redirects was not followed.
            Err(error) if error.status() == Status::Auth && !http.may_get() => {
                misses.refuse(RefusalKind::Limit, error);
                Ok(None)
            }
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

/// Whether URLs of this machine, or of a private network, may be plain http.
pub(super) fn plain_http(http: &HttpClient) -> PlainHttp {
    let policy = http.address_policy();
    if policy.allows_private_http() {
        PlainHttp::PrivateNetwork
    } else if policy.zone == NetworkZone::Loopback || policy.allows_private {
        PlainHttp::Loopback
    } else {
        PlainHttp::Refused
    }
}

/// The document of a place, unless the look-up is a miss.
fn read<'a>(
    place: &'a MetadataPlace,
    fetched: &'a Fetched,
    misses: &mut FailedLookups,
) -> Option<JsonDocument<'a>> {
    misses.read(&endpoint_response(&place.url, fetched), place, fetched.moved_to.as_deref())
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

fn nothing_published(lookup: &str) -> Error {
    Error::new(
        Status::Auth,
        format!(
            "{lookup}; if another one is right, set it with mcp_auth_set_issuer(), and if it \
             publishes nothing, set its endpoints with mcp_auth_set_endpoints()"
        ),
    )
}
