//! The HTTP client for OAuth: requests for metadata and tokens to the servers of
//! one sign-in. Each request is limited in time and size, and goes only where the
//! [`AddressPolicy`] allows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::seconds::Seconds;
use crate::base::secret::Secret;
use crate::transport::address_policy::AddressPolicy;
use crate::transport::connector::Route;
use crate::transport::http::{
    ExchangeSettings, Http, HttpResponse, OutgoingRequest, Pieces, ResponseLimits, fields,
};
use crate::transport::proxy::ProxyChoice;
use crate::transport::tls::TlsSettings;
use crate::transport::trace::{Trace, TraceLine};
use crate::transport::wait::Wait;
use crate::wire::content_coding;
use crate::wire::http1::Media;
use crate::wire::url::{Origin, URL_LIMIT, Url};

/// The time limit of one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of a response body.
const BODY_LIMIT: usize = 256 * 1024;
/// The most requests for metadata of one sign-in.
const MOST_METADATA: usize = 12;
/// The most requests of one sign-in.
const MOST: usize = 24;
/// The most redirects that one request follows.
const REDIRECTS: usize = 3;

/// How all servers of a sign-in are reached.
#[derive(Debug)]
pub(crate) struct HttpClientOptions {
    /// The origin of the MCP server. The client certificate and the Unix socket
    /// are for this origin only.
    pub(crate) origin: Origin,
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) tls: TlsSettings,
    pub(crate) proxy: ProxyChoice,
    pub(crate) address_policy: AddressPolicy,
    pub(crate) connect_timeout: Duration,
    pub(crate) user_agent: String,
    pub(crate) trace: Option<Arc<Trace>>,
}

/// The client. It counts the requests of its sign-in.
#[derive(Debug)]
pub(crate) struct HttpClient {
    route: HttpClientOptions,
    patience: Duration,
    clients: Mutex<Vec<Arc<OriginClient>>>,
    metadata: AtomicUsize,
    all: AtomicUsize,
}

/// The connections to one origin.
#[derive(Debug)]
struct OriginClient {
    origin: Origin,
    route: Route,
    http: Http,
}

/// A response, with any status.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) status: u16,
    /// The target of a redirect to another origin.
    pub(crate) moved_to: Option<String>,
    pub(crate) media: Media,
    /// Empty if it is not UTF-8, for a redirect, and for metadata with another
    /// status than 2xx.
    pub(crate) body: Secret,
    pub(crate) dpop_nonce: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) retry_after: Option<String>,
}

impl HttpClient {
    pub(crate) fn new(route: HttpClientOptions) -> Self {
        Self {
            route,
            patience: PATIENCE,
            clients: Mutex::default(),
            metadata: AtomicUsize::new(0),
            all: AtomicUsize::new(0),
        }
    }

    /// The URLs and addresses that are allowed.
    pub(crate) fn address_policy(&self) -> AddressPolicy {
        self.route.address_policy
    }

    /// Whether another request for metadata may be sent.
    pub(crate) fn may_get(&self) -> bool {
        self.metadata.load(Ordering::Relaxed) < MOST_METADATA
            && self.all.load(Ordering::Relaxed) < MOST
    }

    /// Closes all connections. A server closes an idle connection after a while,
    /// and a request that may be sent only once must not run into that.
    pub(crate) fn close_connections(&self) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Begins to count the requests again: the client polls for a person, who is
    /// not done yet.
    pub(crate) fn restart_count(&self) {
        self.all.store(0, Ordering::Relaxed);
    }

    /// Requests metadata. Follows redirects to the same origin only; any other
    /// redirect is the result.
    pub(crate) async fn get(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        wait: &Wait,
    ) -> Result<Fetched> {
        let mut url = self.url(url)?;
        let mut hops = 0;
        loop {
            // Each hop counts as a request and has its own time limit.
            let what = Fetch { verb: "GET", url: &url, headers, form: None };
            let (fetched, target) = self.ask(&what, wait).await?;
            match target {
                Some(target) if hops < REDIRECTS => {
                    url = target;
                    hops += 1;
                }
                _ => return Ok(fetched),
            }
        }
    }

    /// Sends a form or a registration, once. Follows no redirect.
    pub(crate) async fn post(
        &self,
        url: &str,
        content_type: &str,
        headers: &[(&str, &str)],
        body: &Secret,
        wait: &Wait,
    ) -> Result<Fetched> {
        let url = self.url(url)?;
        let form = Some((content_type, body));
        let what = Fetch { verb: "POST", url: &url, headers, form };
        self.ask(&what, wait).await.map(|(fetched, _)| fetched)
    }

    fn url(&self, text: &str) -> Result<Url> {
        let policy = self.route.address_policy;
        if self.route.unix_socket.is_some() {
            // Nobody can read the traffic of a Unix socket.
            let url = AddressPolicy { allows_plain_http: true, ..policy }.url(text);
            if let Some(url) = url.ok().filter(|url| url.origin == self.route.origin) {
                return Ok(url);
            }
        }
        let url = policy.url(text)?;
        if url.origin != self.route.origin {
            policy.check_other(&url)?;
        }
        Ok(url)
    }

    /// One request and its response, with the target of a redirect that may be
    /// followed.
    async fn ask(&self, what: &Fetch<'_>, wait: &Wait) -> Result<(Fetched, Option<Url>)> {
        let name = what.name();
        let brief = wait.at_most(self.patience);
        let result = self.exchange(what, &brief).await;
        if let Err(error) = &result {
            self.trace(TraceLine::Warning, &format!("{name}: {}", error.message()));
            if error.status() == Status::Timeout {
                // The call's own deadline has another error.
                wait.check().map_err(|over| over.with_may_have_run(error.may_have_run()))?;
                let seconds = Seconds(self.patience);
                let late = format!("{name}: no answer within {seconds} s");
                return Err(
                    Error::new(Status::Timeout, late).with_may_have_run(error.may_have_run())
                );
            }
        }
        result.map_err(|error| error.during(&name))
    }

    async fn exchange(&self, what: &Fetch<'_>, wait: &Wait) -> Result<(Fetched, Option<Url>)> {
        self.count(what)?;
        let client = self.client(&what.url.origin)?;
        self.trace(TraceLine::Sent, &what.name());
        let authority = what.url.origin.authority();
        let is_local = what.url.origin.is_loopback() || client.route.unix_socket.is_some();
        let coding = if is_local { "identity" } else { content_coding::ACCEPTED };
        let mut headers = vec![
            ("Host", authority.as_str(), false),
            ("User-Agent", self.route.user_agent.as_str(), false),
            ("Accept", "application/json", false),
            ("Accept-Encoding", coding, false),
        ];
        headers.extend(what.form.map(|(media, _)| ("Content-Type", media, false)));
        headers.extend(what.headers.iter().map(|(name, value)| (*name, *value, true)));
        let fields = fields(&headers);
        let request = OutgoingRequest {
            verb: what.verb,
            url: what.url,
            fields: [fields.expose(), "", ""],
            has_line: false,
            shown: &[],
            // Cookies are for the MCP server.
            cookie: None,
            body: what.form.map(|(_, body)| [body.expose().as_bytes(), &[], &[]]),
            is_repeatable: what.form.is_none(),
            wants_session_id: false,
            proof: None,
        };
        let setting = ExchangeSettings {
            limits: ResponseLimits::default(),
            route: &client.route,
            connect_timeout: self.route.connect_timeout,
            // A trace would show bodies and headers.
            trace: None,
            secrets: &[],
        };
        let mut reply = client.http.send(&request, setting, wait).await?;
        let status = reply.head.status;
        self.trace(TraceLine::Received, &format!("HTTP/1.1 {status}"));
        let is_wanted = match what.form {
            None => (200..300).contains(&status),
            Some(_) => !(300..400).contains(&status),
        };
        // An event stream is no metadata, and may have no end.
        let is_stream = what.form.is_none() && matches!(reply.head.media, Media::EventStream);
        let is_wanted = is_wanted && !is_stream;
        let body = if is_wanted { read(&mut reply, wait).await? } else { Secret::from("") };
        let target = if what.form.is_none() { what.target(&reply) } else { None };
        let (target, moved_to) = match target {
            Some(target) if target.origin == what.url.origin => (Some(target), None),
            Some(other) => (None, Some(other.without_query())),
            None => (None, None),
        };
        let head = &mut reply.head;
        let rare = head.take_rare();
        let fetched = Fetched {
            status,
            moved_to,
            media: std::mem::replace(&mut head.media, Media::None),
            body,
            dpop_nonce: rare.dpop_nonce,
            date: rare.date,
            retry_after: rare.retry_after,
        };
        if !is_stream {
            reply.release();
        }
        Ok((fetched, target))
    }

    fn count(&self, what: &Fetch<'_>) -> Result<()> {
        let is_metadata = what.form.is_none();
        if is_metadata && self.metadata.fetch_add(1, Ordering::Relaxed) >= MOST_METADATA {
            return Err(Error::new(
                Status::Auth,
                format!("one sign-in requests metadata at most {MOST_METADATA} times"),
            ));
        }
        if self.all.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(Error::new(
                Status::Auth,
                format!("one sign-in makes at most {MOST} requests"),
            ));
        }
        Ok(())
    }

    fn client(&self, origin: &Origin) -> Result<Arc<OriginClient>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.iter().find(|client| client.origin == *origin) {
            return Ok(client.clone());
        }
        let is_own = *origin == self.route.origin;
        let mut tls = self.route.tls.clone();
        tls.client = tls.client.filter(|_| is_own);
        let route = Route {
            unix_socket: self.route.unix_socket.clone().filter(|_| is_own),
            proxy: self.route.proxy.for_origin(origin)?,
            tls,
            address_policy: Some(self.route.address_policy),
        };
        let client =
            Arc::new(OriginClient { origin: origin.clone(), route, http: Http::default() });
        clients.push(client.clone());
        Ok(client)
    }

    fn trace(&self, line: TraceLine, text: &str) {
        if let Some(trace) = &self.route.trace {
            trace.line(line, text, &[]);
        }
    }
}

/// One request.
struct Fetch<'a> {
    verb: &'static str,
    url: &'a Url,
    headers: &'a [(&'a str, &'a str)],
    /// The body of a POST, and its media type.
    form: Option<(&'a str, &'a Secret)>,
}

impl Fetch<'_> {
    /// For messages: without the query.
    fn name(&self) -> String {
        format!("{} {}", self.verb, quote(&self.url.without_query()))
    }

    /// The target of a redirect.
    fn target(&self, reply: &HttpResponse<'_>) -> Option<Url> {
        if !matches!(reply.head.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let target = self.url.join(reply.head.rare().location.as_deref()?)?;
        (target.target.len() <= URL_LIMIT).then_some(target)
    }
}

/// Reads the whole body into one buffer. A growing buffer would leave copies of a
/// token behind. The system provides memory only for the pages that are written.
async fn read(reply: &mut HttpResponse<'_>, wait: &Wait) -> Result<Secret> {
    let mut out = Zeroizing::new(Vec::new());
    out.try_reserve_exact(BODY_LIMIT)
        .map_err(|_| Error::new(Status::NoMemory, "no memory for the server's response"))?;
    let mut take = |data: &[u8]| {
        if out.len() + data.len() > BODY_LIMIT {
            return Err(Error::new(
                Status::TooLarge,
                format!("the server sent a response of more than {BODY_LIMIT} bytes"),
            )
            .with_may_have_run(true));
        }
        out.extend_from_slice(data);
        Ok(())
    };
    while reply.next_piece(wait, &mut take).await? {}
    Ok(Secret::from(std::str::from_utf8(&out).unwrap_or_default()))
}

#[cfg(test)]
mod tests;
