//! Finding out who gives tokens for a server.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::context::{Flow, Reason};
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::key::{Algorithm, Key};
use crate::auth::oauth::spec::metadata::{Misses, base, resource_places, server_places};
use crate::auth::oauth::spec::resource_metadata::ResourceMetadata;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::url_rules::{PlainHttp, canonical, check_issuer};
use crate::auth::oauth::store::entry::Registration;
use crate::base::error::{Error, Result, Status};
use crate::transport::address_policy::NetworkZone;
use crate::transport::wait::Wait;
use crate::wire::url::Url;

/// Who gives tokens, and for what.
pub(super) struct Discovered {
    /// As it was published, or the endpoint where nothing is.
    pub(super) resource: String,
    pub(super) server: Arc<ServerMetadata>,
    /// What the MCP server knows, which is all that can be asked for.
    pub(super) scopes: Option<Vec<String>>,
    pub(super) demands_dpop: bool,
    dpop_algorithms: Option<Vec<String>>,
    /// The places that were asked, where nothing is published anywhere.
    pub(super) asked: Option<String>,
    pub(super) plain: PlainHttp,
}

impl Discovered {
    /// What was found before, for what is done again.
    pub(super) fn known(resource: &str, server: Arc<ServerMetadata>, plain: PlainHttp) -> Self {
        let (demands_dpop, dpop_algorithms, scopes) = (false, None, None);
        let resource = resource.to_owned();
        Self { resource, server, scopes, demands_dpop, dpop_algorithms, asked: None, plain }
    }

    pub(super) fn issuer(&self) -> &str {
        &self.server.issuer
    }

    /// An error of this server, with what is known that may be the reason: it
    /// does not list the grant, or it may be no authorization server at all.
    pub(super) fn explain(&self, grant: &str, error: Error) -> Error {
        let error = match self.server.doubts(grant) {
            Some(doubts) => error.during(&doubts),
            None => error,
        };
        match &self.asked {
            Some(asked) if matches!(error.http_status(), 404 | 405) => error.during(asked),
            _ => error,
        }
    }

    /// The algorithm of the proofs, which both servers have to know.
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
                    "tokens are to be bound to a key (DPoP), and the authorization server {} \
                     lists no algorithm for it that fits",
                    self.issuer()
                ),
            )
        })
    }
}

impl Flow<'_> {
    /// Asks the MCP server who gives its tokens, and that one what it can do.
    pub(super) async fn discover(
        &self,
        http: &HttpClient,
        reason: Reason<'_>,
        wait: &Wait,
    ) -> Result<Discovered> {
        let challenge = reason.challenge();
        let is_wanted = matches!(reason, Reason::Wanted);
        let plain = plain(http);
        let named = challenge.and_then(|challenge| challenge.get("resource_metadata"));
        let endpoint = &self.account.endpoint;
        let mut misses = Misses::default();
        for place in resource_places(endpoint, named, plain, &mut misses) {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = misses.read(&reply(&place, &fetched)) else { continue };
            // The first that is found is the document, whatever it says.
            let metadata = ResourceMetadata::read(&document, &place, endpoint)?;
            let known = self.known(&metadata.authorization_servers).await?;
            let pin = self.settings.issuer.as_deref();
            let issuer = metadata.issuer(pin, plain, |one| known.iter().any(|it| it == one))?;
            let server = match self.server(http, issuer, plain, wait).await? {
                Ok(server) => server,
                Err(asked) => return Err(nothing_published(issuer, &asked)),
            };
            return Ok(Discovered {
                server: Arc::new(server),
                scopes: metadata.scopes_supported,
                demands_dpop: metadata.dpop_required,
                dpop_algorithms: metadata.dpop_algorithms,
                resource: metadata.resource,
                asked: None,
                plain,
            });
        }
        let asked = misses.nothing("metadata of the protected resource")?;
        let (server, asked) = self.server_beside(http, plain, asked, is_wanted, wait).await?;
        let url = Url::parse(endpoint)?;
        Ok(Discovered {
            resource: canonical(&url),
            server: Arc::new(server),
            scopes: None,
            demands_dpop: false,
            dpop_algorithms: None,
            asked,
            plain,
        })
    }

    /// The server at the MCP server's own origin, as revision 2025-03-26 had
    /// it, or the pinned one; and which places have nothing, if nobody says
    /// what it can do. A server that has asked for no token is no such one.
    async fn server_beside(
        &self,
        http: &HttpClient,
        plain: PlainHttp,
        asked: String,
        is_wanted: bool,
        wait: &Wait,
    ) -> Result<(ServerMetadata, Option<String>)> {
        let base = base(&self.account.endpoint);
        let issuer = self.settings.issuer.as_deref().unwrap_or(base);
        match self.server(http, issuer, plain, wait).await? {
            Ok(server) => Ok((server, None)),
            Err(more) if issuer == base && !is_wanted => {
                Ok((ServerMetadata::without_document(base), Some(format!("{asked}; {more}"))))
            }
            Err(more) => Err(nothing_published(issuer, &format!("{more}; {asked}"))),
        }
    }

    /// What an authorization server says of itself, or which places have
    /// nothing.
    pub(super) async fn server(
        &self,
        http: &HttpClient,
        issuer: &str,
        plain: PlainHttp,
        wait: &Wait,
    ) -> Result<std::result::Result<ServerMetadata, String>> {
        check_issuer(issuer, plain)?;
        let mut misses = Misses::default();
        for place in server_places(issuer) {
            let Some(fetched) = self.fetch(http, &place, &mut misses, wait).await? else {
                continue;
            };
            let Some(document) = misses.read(&reply(&place, &fetched)) else { continue };
            let read = ServerMetadata::read(&document, &place, issuer).and_then(|server| {
                if self.settings.grant.needs_person() {
                    server.check_pkce()?;
                }
                Ok(server)
            });
            // The other kind of document may be another.
            match read {
                Ok(server) => return Ok(Ok(server)),
                Err(error) => misses.refuse(error),
            }
        }
        misses.nothing("metadata of the authorization server").map(Err)
    }

    /// The server of an issuer that was found before and may publish nothing.
    pub(super) async fn server_again(
        &self,
        http: &HttpClient,
        issuer: &str,
    ) -> Result<std::result::Result<Arc<ServerMetadata>, String>> {
        let found = self.server(http, issuer, plain(http), &self.limit()).await?;
        Ok(match found {
            Ok(server) => Ok(Arc::new(server)),
            Err(_) if issuer == base(&self.account.endpoint) => {
                Ok(Arc::new(ServerMetadata::without_document(issuer)))
            }
            Err(asked) => Err(asked),
        })
    }

    /// A reply, or the note that there is none.
    async fn fetch(
        &self,
        http: &HttpClient,
        place: &str,
        misses: &mut Misses,
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

    /// Those of several servers at which the program is registered, or from
    /// which it has a token.
    async fn known(&self, listed: &[String]) -> Result<Vec<String>> {
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

/// Whether plain http is for this machine alone, or for nobody.
pub(super) fn plain(http: &HttpClient) -> PlainHttp {
    let policy = http.address_policy();
    if policy.zone == NetworkZone::Loopback || policy.allows_private {
        PlainHttp::Loopback
    } else {
        PlainHttp::Refused
    }
}

/// What counts of a reply.
pub(super) fn reply<'a>(url: &'a str, fetched: &'a Fetched) -> EndpointResponse<'a> {
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

fn nothing_published(issuer: &str, asked: &str) -> Error {
    Error::new(
        Status::Auth,
        format!("the authorization server {issuer} publishes nothing of itself: {asked}"),
    )
}
