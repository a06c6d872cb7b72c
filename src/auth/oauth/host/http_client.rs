//! The HTTP client for OAuth: requests for metadata and tokens to the servers of
//! one sign-in. Each request is limited in time and size, and goes only where the
//! [`AddressPolicy`] allows.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::transport::address_policy::AddressPolicy;
use crate::transport::connector::Route;
use crate::transport::http::{
    ExchangeSettings, Http, HttpResponse, OutgoingRequest, Pieces, ResponseLimits,
};
use crate::transport::proxy::ProxyChoice;
use crate::transport::tls::TlsSettings;
use crate::transport::trace::Trace;
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
const MOST: usize = 16;
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
            self.trace("*", &format!("{name}: {}", error.message()));
            if error.status() == Status::Timeout {
                // The call's own deadline has another error.
                wait.check().map_err(|over| over.with_may_have_run(error.may_have_run()))?;
                let seconds = self.patience.as_secs_f64();
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
        self.trace(">", &what.name());
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
        let request = OutgoingRequest {
            verb: what.verb,
            url: what.url,
            headers: &headers,
            // Cookies are for the MCP server.
            cookie: None,
            body: what.form.map(|(_, body)| body.expose().as_bytes()),
            is_repeatable: what.form.is_none(),
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
        self.trace("<", &format!("HTTP/1.1 {status}"));
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
        let fetched = Fetched {
            status,
            moved_to,
            media: std::mem::replace(&mut head.media, Media::None),
            body,
            dpop_nonce: head.dpop_nonce.take(),
            date: head.date.take(),
            retry_after: head.retry_after.take(),
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

    fn trace(&self, mark: &str, line: &str) {
        if let Some(trace) = &self.route.trace {
            trace.line(mark, line, &[]);
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
        let target = self.url.join(reply.head.location.as_deref()?)?;
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
mod tests {
    use super::*;
    use crate::transport::address_policy::NetworkZone;
    use crate::transport::testing::{reply, serve};
    use crate::transport::wait::now;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;
    use std::time::Instant;

    fn moved(to: &str) -> String {
        reply(302, &format!("Location: {to}\r\n"), "elsewhere")
    }

    fn route() -> HttpClientOptions {
        HttpClientOptions {
            origin: Url::parse("https://mcp.example").unwrap().origin,
            unix_socket: None,
            tls: TlsSettings::default(),
            proxy: ProxyChoice::None,
            address_policy: AddressPolicy {
                zone: NetworkZone::Loopback,
                allows_private: false,
                allows_plain_http: false,
            },
            connect_timeout: Duration::from_secs(5),
            user_agent: "test/1".into(),
            trace: None,
        }
    }

    fn wait() -> Wait {
        Wait::for_at_most(Duration::from_secs(20))
    }

    fn get(http: &HttpClient, url: &str) -> Result<Fetched> {
        now(http.get(url, &[("MCP-Protocol-Version", "x")], &wait()))
    }

    fn post(http: &HttpClient, url: &str, body: &str) -> Result<Fetched> {
        let headers = [("Authorization", "Basic s3cret")];
        now(http.post(url, "application/x-www-form-urlencoded", &headers, &body.into(), &wait()))
    }

    #[test]
    fn opens_a_new_connection_after_closing_all() {
        let (base, seen) = serve(|_| reply(200, "", "{}"));
        let http = HttpClient::new(route());
        get(&http, &base).unwrap();
        http.close_connections();
        post(&http, &base, "code=x").unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.iter().map(|(connection, _)| *connection).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn reuses_one_connection() {
        let (base, seen) = serve(|line| match line {
            "GET /m?q HTTP/1.1" => reply(
                200,
                "Content-Type: application/json\r\nDPoP-Nonce: n1\r\nDate: now\r\n",
                "{\"a\":1}",
            ),
            _ => reply(
                401,
                "DPoP-Nonce: n2\r\nDate: now\r\nRetry-After: 7\r\nWWW-Authenticate: DPoP\r\n",
                "{}",
            ),
        });
        let http = HttpClient::new(route());
        let found = get(&http, &format!("{base}/m?q")).unwrap();
        assert_eq!((found.status, found.body.expose()), (200, "{\"a\":1}"));
        assert_eq!((found.media, found.dpop_nonce.as_deref()), (Media::Json, Some("n1")));
        assert_eq!(found.date, None);
        let found = post(&http, &format!("{base}/token"), "code=x").unwrap();
        assert_eq!((found.status, found.body.expose()), (401, "{}"));
        assert_eq!(found.dpop_nonce.as_deref(), Some("n2"));
        assert_eq!((found.date.as_deref(), found.retry_after.as_deref()), (Some("now"), Some("7")));
        assert!(!format!("{found:?}").contains("{}"));
        let seen = seen.lock().unwrap();
        let [(0, asked), (0, sent)] = seen.as_slice() else { panic!("{seen:?}") };
        let host = base.strip_prefix("http://").unwrap();
        for line in [
            &format!("Host: {host}"),
            "User-Agent: test/1",
            "Accept: application/json",
            "MCP-Protocol-Version: x",
        ] {
            assert!(asked.contains(&format!("\r\n{line}\r\n")), "{asked}");
        }
        assert!(sent.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
        assert!(sent.contains("\r\nAuthorization: Basic s3cret\r\n"));
        assert!(sent.ends_with("\r\n\r\ncode=x"), "{sent}");
    }

    #[test]
    fn uses_the_unix_socket_for_the_mcp_server_only() {
        let path = std::env::temp_dir().join(format!("agent-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].starts_with(b"GET /own HTTP/1.1\r\nHost: mcp.test\r\n"));
            stream.write_all(reply(200, "", "{}").as_bytes()).unwrap();
        });
        let (base, _) = serve(|_| reply(200, "", "{\"elsewhere\":1}"));
        let origin = Url::parse("http://mcp.test").unwrap().origin;
        let http = HttpClient::new(HttpClientOptions {
            origin,
            unix_socket: Some(path.clone()),
            ..route()
        });
        assert_eq!(get(&http, "http://mcp.test/own").unwrap().body.expose(), "{}");
        assert_eq!(get(&http, &base).unwrap().body.expose(), "{\"elsewhere\":1}");
        let error = get(&http, "http://another.test/").unwrap_err();
        assert_eq!(error.status(), Status::Insecure);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn follows_redirects_of_metadata_on_the_same_origin_alone() {
        let (other, elsewhere) = serve(|_| reply(200, "", "{}"));
        let target = format!("{other}/t");
        let (base, seen) = serve(move |line| match line.split(' ').nth(1).unwrap() {
            "/a" => moved("/b"),
            "/b" => moved("c"),
            "/c" => moved("/d"),
            "/d" => reply(200, "", "{}"),
            "/long" => moved("/a"),
            "/foreign" => moved(&format!("{other}/t?s3cret")),
            "/secure" => moved("https://127.0.0.1/"),
            "/none" => reply(302, "", ""),
            "/user" => moved("//user:pw@127.0.0.1/"),
            _ => moved("/circle"),
        });
        let answer = |path: &str| {
            let found = get(&HttpClient::new(route()), &format!("{base}{path}")).unwrap();
            (found.status, found.body.expose().to_owned(), found.moved_to)
        };
        assert_eq!(answer("/a"), (200, "{}".into(), None));
        for (path, target) in [
            ("/long", None),
            ("/foreign", Some(target)),
            ("/secure", Some("https://127.0.0.1/".to_owned())),
            ("/none", None),
            ("/user", None),
            ("/circle", None),
        ] {
            assert_eq!(answer(path), (302, String::new(), target), "{path}");
        }
        let before = seen.lock().unwrap().len();
        let found = post(&HttpClient::new(route()), &format!("{base}/a"), "x").unwrap();
        assert_eq!((found.status, seen.lock().unwrap().len()), (302, before + 1));
        assert!(elsewhere.lock().unwrap().is_empty());
    }

    #[test]
    fn refuses_a_body_that_is_too_long_whether_or_not_it_is_announced() {
        let (base, _) = serve(|line| match line.split(' ').nth(1).unwrap() {
            "/fits" => reply(200, "", &"x".repeat(BODY_LIMIT)),
            "/announced" => reply(200, "", &"x".repeat(BODY_LIMIT + 1)),
            "/refused" => reply(404, "", &"x".repeat(BODY_LIMIT + 1)),
            _ => format!("HTTP/1.1 200 X\r\n\r\n{}", "x".repeat(BODY_LIMIT + 1)),
        });
        let http = HttpClient::new(route());
        let length = |path: &str| {
            get(&http, &format!("{base}{path}")).map(|found| found.body.expose().len())
        };
        assert_eq!(length("/fits").unwrap(), BODY_LIMIT);
        for path in ["/announced", "/open?s3cret"] {
            let error = length(path).unwrap_err();
            assert_eq!(error.status(), Status::TooLarge);
            let name = format!("GET {base}{}: ", path.split('?').next().unwrap());
            assert!(error.message().starts_with(&name), "{}", error.message());
        }
        // The body of an error is not read.
        assert_eq!(length("/refused").unwrap(), 0);
    }

    #[test]
    fn limits_the_time_of_each_request_and_of_the_call() {
        let (base, _) = serve(|_| String::new());
        let mut http = HttpClient::new(route());
        http.patience = Duration::from_millis(50);
        let begin = Instant::now();
        let error = get(&http, &format!("{base}/m?s3cret")).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert_eq!(error.message(), format!("GET {base}/m: no answer within 0.05 s"));
        assert!(begin.elapsed() < Duration::from_secs(5));
        let http = HttpClient::new(route());
        let own = Wait::for_at_most(Duration::from_millis(50));
        let body = Secret::from("code=s3cret");
        let error = now(http.post(&format!("{base}/t"), "x", &[], &body, &own)).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
        assert!(!error.message().contains("10 s") && error.may_have_run());
    }

    #[test]
    fn counts_the_requests_of_a_sign_in() {
        let (base, seen) = serve(|_| reply(200, "", "{}"));
        let http = HttpClient::new(route());
        for _ in 0..MOST_METADATA {
            get(&http, &base).unwrap();
        }
        assert_eq!(get(&http, &base).unwrap_err().status(), Status::Auth);
        for _ in MOST_METADATA..MOST {
            post(&http, &base, "x").unwrap();
        }
        assert_eq!(post(&http, &base, "x").unwrap_err().status(), Status::Auth);
        assert_eq!(seen.lock().unwrap().len(), MOST);
        assert!(!http.may_get());
        // Each hop of a redirect counts.
        let (base, seen) = serve(|_| moved("/"));
        let http = HttpClient::new(route());
        for _ in 0..MOST_METADATA / (REDIRECTS + 1) {
            assert!(http.may_get());
            get(&http, &base).unwrap();
        }
        assert!(!http.may_get());
        assert_eq!(get(&http, &base).unwrap_err().status(), Status::Auth);
        assert_eq!(seen.lock().unwrap().len(), MOST_METADATA);
    }

    #[test]
    fn does_not_read_an_event_stream_in_place_of_metadata() {
        let (base, _) = serve(|line| match line.split(' ').nth(1).unwrap() {
            "/stream" => "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\n\r\n: x".into(),
            _ => reply(200, "", "{}"),
        });
        let http = HttpClient::new(route());
        let begin = Instant::now();
        assert_eq!(get(&http, &format!("{base}/stream")).unwrap().body.expose(), "");
        assert_eq!(get(&http, &format!("{base}/next")).unwrap().body.expose(), "{}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn repeats_a_get_but_not_a_post() {
        // The server closes each connection after the first response.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let served = std::thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                let mut stream = stream.unwrap();
                let mut input = [0; 4096];
                let count = stream.read(&mut input).unwrap();
                if input[..count].starts_with(b"GET") {
                    stream.write_all(reply(200, "", "{}").as_bytes()).unwrap();
                }
            }
        });
        let http = HttpClient::new(route());
        get(&http, &base).unwrap();
        get(&http, &base).unwrap();
        let error = post(&http, &base, "code=s3cret").unwrap_err();
        assert_eq!(error.status(), Status::Io);
        assert!(error.may_have_run() && !error.message().contains("s3cret"));
        // If the second connection was closed late, the POST went there, and the
        // server is still waiting for a third one.
        let _ = TcpStream::connect(address);
        served.join().unwrap();
    }

    #[test]
    fn connects_to_allowed_addresses_only() {
        let (base, seen) = serve(|_| reply(200, "", "{}"));
        let port = base.rsplit(':').next().unwrap();
        let address_policy = AddressPolicy { zone: NetworkZone::Public, ..route().address_policy };
        for (url, status) in [
            (format!("{base}/x"), Status::Insecure),
            (format!("https://127.0.0.1:{port}/x?s3cret"), Status::Insecure),
            (format!("https://localhost:{port}/x?s3cret"), Status::Insecure),
            ("https://169.254.169.254/x?s3cret".into(), Status::Insecure),
            ("https://u:s3cret@h/".into(), Status::Auth),
        ] {
            let http = HttpClient::new(HttpClientOptions { address_policy, ..route() });
            let error = post(&http, &url, "code=s3cret").unwrap_err();
            assert_eq!(error.status(), status, "{url}: {}", error.message());
            assert!(!error.message().contains("s3cret"), "{}", error.message());
        }
        // A proxy would connect there, so it gets no request.
        let proxy = crate::transport::proxy::Proxy::parse(&base).unwrap();
        let proxy = ProxyChoice::Chosen(proxy);
        let http = HttpClient::new(HttpClientOptions { address_policy, proxy, ..route() });
        for url in ["https://10.0.0.1/", "https://[::ffff:169.254.169.254]/"] {
            assert_eq!(get(&http, url).unwrap_err().status(), Status::Insecure, "{url}");
        }
        assert!(seen.lock().unwrap().is_empty());
        // The proxy resolves names; this one refuses the request.
        let error = get(&http, "https://id.example/").unwrap_err();
        assert_eq!(error.status(), Status::Proxy, "{}", error.message());
        assert!(seen.lock().unwrap()[0].1.starts_with("CONNECT id.example:443 "));
    }

    #[test]
    fn traces_neither_headers_nor_bodies_nor_queries() {
        let (base, _) = serve(|_| reply(200, "DPoP-Nonce: s3cret\r\n", "{\"t\":\"s3cret\"}"));
        let (mut reader, writer) = std::io::pipe().unwrap();
        let trace = Some(Arc::new(Trace::new(writer.as_raw_fd()).unwrap()));
        drop(writer);
        let http = HttpClient::new(HttpClientOptions { trace, ..route() });
        post(&http, &format!("{base}/token?k=s3cret"), "code=s3cret").unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = post(&http, &format!("http://{closed}/t?s3cret"), "code=s3cret").unwrap_err();
        assert_eq!(error.status(), Status::Connect);
        assert!(error.message().starts_with(&format!("POST http://{closed}/t: connect to")));
        drop(http);
        let mut lines = String::new();
        reader.read_to_string(&mut lines).unwrap();
        assert!(lines.starts_with(&format!("> POST {base}/token\n< HTTP/1.1 200\n")), "{lines}");
        assert!(!lines.contains("s3cret") && !error.message().contains("s3cret"), "{lines}");
    }
}
