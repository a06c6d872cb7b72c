//! The options of a client, as types that hold only valid values.

pub(crate) mod field_cache;
pub(crate) mod server;
mod server_options;

use std::fmt::Write;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::bearer::FixedToken;
use crate::auth::credential::Credential;
use crate::auth::oauth::credential::OAuthCredential;
use crate::auth::token::Token;
use crate::base::environment::Environment;
use crate::base::error::{Error, Result, Status, quote};
use crate::base::secret::Secret;
use crate::base::secret_name::{is_secret_name, is_secret_value, may_be_secret, password_of_url};
use crate::client::options::field_cache::FieldCache;
use crate::client::options::server::{Address, HttpTransport, Server};
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::identity::Identity;
use crate::protocol::request_meta::CommonMeta;
use crate::protocol::revision::Revision;
use crate::transport::connector::Route;
use crate::transport::cookies::Cookies;
use crate::transport::http::Http;
use crate::transport::process::Program;
use crate::transport::proxy::{Proxy, ProxyChoice};
use crate::transport::tls::{SystemStore, TlsSettings};
use crate::transport::trace::Trace;
use crate::wire::challenge::is_token;
use crate::wire::object::Members;
use crate::wire::url::{Scheme, Url, split_query};

/// All options. A call reads them once when it begins; a setter replaces them
/// as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) server: Server,
    pub(crate) headers: Vec<Header>,
    pub(crate) credential: Arc<dyn Credential>,
    /// The credential again, if it is an authorization.
    pub(crate) oauth: Option<Arc<OAuthCredential>>,
    /// Whether there is a token or an authorization.
    pub(crate) has_credential: bool,
    /// The limit without a sign of life from the server.
    pub(crate) timeout: Duration,
    /// The limit of the whole call.
    pub(crate) deadline: Duration,
    pub(crate) input_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) pinned: Option<Revision>,
    pub(crate) identity: Identity,
    pub(crate) user_agent: String,
    pub(crate) allows_plain_http: bool,
    pub(crate) max_message: usize,
    pub(crate) max_pages: usize,
    pub(crate) max_items: usize,
    /// The limit of events in one reply without the response.
    pub(crate) max_events: usize,
    /// The limit of a close; `None` for the default of the transport.
    pub(crate) close_timeout: Option<Duration>,
    /// How long a connection is idle before it is pinged; `None` for no pings.
    pub(crate) keepalive: Option<Duration>,
    /// Whether a process that has ended is started again.
    pub(crate) restarts: bool,
    /// Whether a call of a tool that says it may be repeated is repeated.
    pub(crate) repeats_tools: bool,
    /// Whether a result that does not match its output schema is no error.
    pub(crate) allows_mismatch: bool,
    pub(crate) declared: ClientCapabilities,
    /// Members of the `_meta` of every request.
    pub(crate) meta: Option<Arc<CommonMeta>>,
    /// Whether tool calls may run as tasks, which are polled until they end.
    pub(crate) follows_tasks: bool,
    /// The result of `roots/list`, as a JSON array.
    pub(crate) roots: Option<String>,
    pub(crate) trace: Option<Arc<Trace>>,
    pub(crate) route: Route,
    pub(crate) proxy: ProxyChoice,
    /// The connections of this route. A new route gets a new pool.
    pub(crate) http: Arc<Http>,
    /// The cookies of the server. They stay with the client when its route
    /// changes.
    pub(crate) cookies: Arc<Cookies>,
    /// The header fields of a POST that these options decide.
    pub(crate) post_fields: FieldCache,
    /// The environment of the moment when the client was made.
    environment: Arc<Environment>,
    /// The options without the headers of one request, to connect with; `None`
    /// if these options have no such headers.
    without_headers: Option<Arc<Self>>,
}

/// The route of a call.
#[derive(Debug)]
pub(crate) enum CurrentRoute<'a> {
    /// The route of the options.
    Own(&'a Route),
    /// The same with a proxy of the environment.
    WithProxy(Box<Route>),
}

impl Deref for CurrentRoute<'_> {
    type Target = Route;

    fn deref(&self) -> &Route {
        match self {
            Self::Own(route) => route,
            Self::WithProxy(route) => route,
        }
    }
}

/// A header that the application set. Its value is treated as a secret.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Arc<Secret>,
}

const TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const DEADLINE: Duration = Duration::from_secs(3600);
const INPUT_TIMEOUT: Duration = Duration::from_secs(600);
const MAX_PAGES: usize = 1000;
const MAX_ITEMS: usize = 1_000_000;
const MAX_EVENTS: usize = 1_000_000;
const MAX_MESSAGE: usize = 64 * 1024 * 1024;

/// The headers that the library writes itself, and those that would change how
/// a message is framed.
const RESERVED_HEADERS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

impl Options {
    /// The options for a server behind HTTP.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self> {
        let text = url.to_owned();
        let url = Url::parse(url)?;
        let token = token.map(Token::parse).transpose()?;
        let mut options = Self::of(Server::Http(Address {
            text,
            authority: url.origin.authority(),
            is_local: url.origin.is_loopback(),
            url,
            transport: HttpTransport::Auto,
        }))?;
        options.has_credential = token.is_some();
        options.credential = Arc::new(FixedToken(token));
        Ok(options)
    }

    pub(crate) fn of(server: Server) -> Result<Self> {
        let environment = Environment::read();
        let tls = TlsSettings { system: SystemStore::of(&environment), ..TlsSettings::default() };
        let mut options = Self {
            server,
            headers: Vec::new(),
            oauth: None,
            has_credential: false,
            credential: Arc::new(FixedToken(None)),
            timeout: TIMEOUT,
            deadline: DEADLINE,
            input_timeout: INPUT_TIMEOUT,
            connect_timeout: CONNECT_TIMEOUT,
            pinned: None,
            identity: Identity { name: String::new(), version: String::new() },
            user_agent: String::new(),
            allows_plain_http: false,
            max_message: MAX_MESSAGE,
            max_pages: MAX_PAGES,
            max_items: MAX_ITEMS,
            max_events: MAX_EVENTS,
            close_timeout: None,
            keepalive: None,
            restarts: true,
            repeats_tools: false,
            allows_mismatch: false,
            declared: ClientCapabilities::default(),
            meta: None,
            follows_tasks: false,
            roots: None,
            trace: None,
            route: Route { tls, ..Route::default() },
            proxy: ProxyChoice::Environment(environment.clone()),
            http: Arc::default(),
            cookies: Arc::default(),
            post_fields: FieldCache::default(),
            environment,
            without_headers: None,
        };
        options.set_info("libmcpclient", env!("CARGO_PKG_VERSION"))?;
        Ok(options)
    }

    pub(crate) fn set_header(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let header = self.header(name, value)?;
        self.headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
        self.headers.extend(header);
        Ok(())
    }

    /// The options of a request that has headers besides those of the client.
    pub(crate) fn with_headers(self: &Arc<Self>, headers: &[Header]) -> Result<Arc<Self>> {
        if headers.is_empty() {
            return Ok(self.clone());
        }
        let mut own = Self { without_headers: Some(self.clone()), ..Self::clone(self) };
        for header in headers {
            own.set_header(&header.name, Some(header.value.expose()))?;
        }
        Ok(Arc::new(own))
    }

    /// The options to connect with.
    pub(crate) fn to_connect(self: &Arc<Self>) -> &Arc<Self> {
        self.without_headers.as_ref().unwrap_or(self)
    }

    /// Makes a header that the application sets; `None` without a value. Fails
    /// for a header that the application must not set.
    pub(crate) fn header(&self, name: &str, value: Option<&str>) -> Result<Option<Header>> {
        self.address()?;
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Error::argument(format!(
                "header name \"{}\" is empty or has a character that RFC 9110 does not allow",
                quote(name)
            )));
        }
        let lower = name.to_ascii_lowercase();
        if RESERVED_HEADERS.contains(&lower.as_str()) || lower.starts_with("mcp-") {
            return Err(Error::argument(format!(
                "header {name} is written by the library and cannot be set"
            )));
        }
        if let Some(value) = value {
            if lower == "authorization" && self.has_credential {
                return Err(Error::argument(
                    "header Authorization is written from the token: take the token away \
                     first, with mcp_client_set_token(client, NULL)",
                ));
            }
            check_value(name, value)?;
        }
        let header = |value| Header { name: name.to_owned(), value: Arc::new(Secret::from(value)) };
        Ok(value.map(header))
    }

    pub(crate) fn set_token(&mut self, token: Option<&str>) -> Result<()> {
        let token = token.map(Token::parse).transpose()?;
        let is_some = token.is_some();
        self.set_credential(is_some.then(|| Arc::new(FixedToken(token)) as Arc<dyn Credential>))
    }

    /// The options of a client that tries a credential: it has connections and
    /// a declaration of its own.
    pub(crate) fn to_try(&self, credential: Arc<dyn Credential>) -> Self {
        let (declared, http) = (ClientCapabilities::default(), Arc::default());
        Self { credential, declared, http, roots: None, ..self.clone() }
    }

    /// Sets the credential; `None` removes it.
    pub(crate) fn set_credential(&mut self, credential: Option<Arc<dyn Credential>>) -> Result<()> {
        self.address()?;
        if credential.is_some() && self.has_header("authorization") {
            return Err(Error::argument(
                "token and a header Authorization exclude each other: take the header away \
                 first, with mcp_client_set_header(client, \"Authorization\", NULL)",
            ));
        }
        self.oauth = None;
        self.has_credential = credential.is_some();
        self.credential = credential.unwrap_or_else(|| Arc::new(FixedToken(None)));
        Ok(())
    }

    pub(crate) fn set_info(&mut self, name: &str, version: &str) -> Result<()> {
        for (what, text) in [("name", name), ("version", version)] {
            if text.is_empty() || text.chars().any(char::is_control) {
                return Err(Error::argument(format!("{what} is empty or has a control character")));
            }
        }
        self.identity = Identity { name: name.to_owned(), version: version.to_owned() };
        self.user_agent = user_agent(name, version);
        Ok(())
    }

    /// Sets the roots that the server may request: a JSON array of objects, each
    /// with a file:// URI.
    pub(crate) fn set_roots(&mut self, json: Option<&str>) -> Result<()> {
        if let Some(json) = json {
            check_roots(json)?;
        }
        self.roots = json.map(|json| json.trim().to_owned());
        Ok(())
    }

    pub(crate) fn set_protocol_version(&mut self, version: Option<&str>) -> Result<()> {
        self.pinned = match version {
            None => None,
            Some(version) => Some(Revision::parse(version).ok_or_else(|| {
                let all: Vec<&str> = Revision::ALL.iter().map(|one| one.as_str()).collect();
                Error::new(
                    Status::Version,
                    format!(
                        "version \"{}\" is not one of those that this library speaks: {}",
                        quote(version),
                        all.join(", ")
                    ),
                )
            })?),
        };
        Ok(())
    }

    pub(crate) fn set_proxy(&mut self, url: Option<&str>) -> Result<()> {
        self.address()?;
        self.proxy = match url {
            None => ProxyChoice::Environment(self.environment.clone()),
            Some("") => ProxyChoice::None,
            Some(url) => ProxyChoice::Chosen(Proxy::parse(url)?),
        };
        self.http = Arc::default();
        Ok(())
    }

    pub(crate) fn set_unix_socket(&mut self, path: Option<&str>) -> Result<()> {
        self.address()?;
        if path == Some("") {
            return Err(Error::argument("path is empty: pass NULL for no Unix socket"));
        }
        self.route.unix_socket = path.map(PathBuf::from);
        self.http = Arc::default();
        Ok(())
    }

    /// Returns the route of a call, with the proxy of the environment if it
    /// applies.
    pub(crate) fn current_route(&self) -> Result<CurrentRoute<'_>> {
        let address = self.address()?;
        let needs_none = self.route.unix_socket.is_some() || address.is_local;
        let proxy = if needs_none { None } else { self.proxy.for_origin(&address.url.origin)? };
        Ok(match proxy {
            None => CurrentRoute::Own(&self.route),
            proxy => CurrentRoute::WithProxy(Box::new(Route { proxy, ..self.route.clone() })),
        })
    }

    /// Whether a credential would be sent unencrypted to another machine.
    pub(crate) fn is_insecure(&self) -> bool {
        let Ok(address) = self.address() else { return false };
        address.url.origin.scheme == Scheme::Http
            && !self.allows_plain_http
            && self.route.unix_socket.is_none()
            && !address.is_local
            && (self.has_credential || !self.headers.is_empty())
    }

    pub(crate) fn check_secure(&self) -> Result<()> {
        if !self.is_insecure() {
            return Ok(());
        }
        let host = quote(&self.address()?.url.origin.host);
        Err(Error::new(
            Status::Insecure,
            format!(
                "a credential over plain http to {host} could be read on the way: use https, or \
                 allow it with MCP_ALLOW_PLAIN_HTTP of mcp_client_set_allow()"
            ),
        ))
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Whether the application set a header, a query or a certificate that may be
    /// a credential, as its name says.
    pub(crate) fn has_other_credential(&self) -> bool {
        let Ok(address) = self.address() else { return false };
        let query = split_query(&address.url.target).1.unwrap_or_default();
        let mut names = query.split('&').filter_map(|pair| pair.split('=').next());
        self.headers.iter().any(|header| is_secret_name(&header.name))
            || names.any(is_secret_name)
            || self.route.tls.client.is_some()
    }

    /// Returns the cookies for a request, unless the application sets its own.
    pub(crate) fn cookie(&self, url: &Url) -> Option<Secret> {
        let cookie = self.cookies.header(url)?;
        if self.has_header("cookie") { None } else { Some(cookie) }
    }

    /// Returns all secrets, to be masked in texts.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let mut secrets: Vec<Secret> = Vec::new();
        for header in &self.headers {
            secrets.extend(header.value.of_credential());
        }
        if let Ok(address) = self.address()
            && let Ok(Some(proxy)) = self.proxy.for_origin(&address.url.origin)
        {
            secrets.extend(proxy.authorization_secrets());
        }
        secrets.extend(self.credential.secrets());
        secrets.extend(self.cookies.secrets());
        if let Server::Program(program) = &self.server {
            secrets.extend(secrets_of(program));
        }
        secrets
    }
}

/// Returns the secrets that a program gets: variables and arguments whose name or
/// form says so. To mask others would hide `production` in every message.
fn secrets_of(program: &Program) -> Vec<Secret> {
    let mut secrets = program.secrets.clone();
    let mut add = |name: &str, value: &str| {
        let is_secret = is_secret_name(name) && may_be_secret(value) || is_secret_value(value);
        if is_secret {
            secrets.push(Secret::from(value));
            // A program may show it without what is around it.
            secrets.extend(password_of_url(value).map(Secret::from));
        }
    };
    for (name, value) in &program.environment {
        if let (Some(name), Some(value)) =
            (name.to_str(), value.as_ref().and_then(|it| it.to_str()))
        {
            add(name, value);
        }
    }
    // `--api-key X` and `--api-key=X`.
    let arguments: Vec<&str> = program.argv.iter().filter_map(|one| one.to_str()).collect();
    for (at, argument) in arguments.iter().enumerate().skip(1) {
        let Some(option) = argument.strip_prefix('-') else {
            add("", argument);
            continue;
        };
        match (option.split_once('='), arguments.get(at + 1)) {
            (Some((name, value)), _) => add(name, value),
            (None, Some(value)) if !value.starts_with('-') => add(option, value),
            _ => {}
        }
    }
    secrets
}

fn check_roots(json: &str) -> Result<()> {
    let roots: Vec<&serde_json::value::RawValue> = serde_json::from_str(json)
        .map_err(|error| Error::argument(format!("json is not a JSON array: {error}")))?;
    for (at, root) in roots.into_iter().enumerate() {
        let uri = Members::parse(root.get()).ok().and_then(|members| members.string("uri"));
        if !uri.is_some_and(|uri| uri.starts_with("file://")) {
            return Err(Error::argument(format!(
                "element {at} of json is not an object with a \"uri\" that begins with file://"
            )));
        }
    }
    Ok(())
}

/// The longest wait, about 24 days. It keeps every end of a wait within the
/// range of `Instant`; a longer one is shortened to it.
const LONGEST_WAIT: u64 = i32::MAX as u64;

/// Checks the milliseconds of a timeout.
pub(crate) fn milliseconds(value: i64) -> Result<Duration> {
    match u64::try_from(value) {
        Ok(value) if value > 0 => Ok(Duration::from_millis(value.min(LONGEST_WAIT))),
        _ => Err(Error::argument(
            "milliseconds is not positive: every wait has an end, of at least 1 ms",
        )),
    }
}

/// Checks the milliseconds of an interval; 0 is none. The longest is one day.
pub(crate) fn interval(value: i64) -> Result<Option<Duration>> {
    let milliseconds = u64::try_from(value).map_err(|_| {
        Error::argument("milliseconds is negative: 0 turns it off, and an interval is positive")
    })?;
    let interval = Duration::from_millis(milliseconds.min(LONGEST_INTERVAL));
    Ok(Some(interval).filter(|interval| !interval.is_zero()))
}

/// In milliseconds.
const LONGEST_INTERVAL: u64 = 24 * 3600 * 1000;

/// Checks the milliseconds that a caller is ready to wait; 0 does not wait.
pub(crate) fn patience(value: i64) -> Result<Duration> {
    let milliseconds = u64::try_from(value).map_err(|_| {
        Error::argument("milliseconds is negative: every wait has an end, and 0 does not wait")
    })?;
    Ok(Duration::from_millis(milliseconds.min(LONGEST_WAIT)))
}

/// Checks a header's value (RFC 9110, 5.5): visible characters, blanks and tabs
/// between them, and bytes beyond ASCII. The error does not quote the value,
/// which may be a secret.
fn check_value(name: &str, value: &str) -> Result<()> {
    let wrong = |what: String| Err(Error::argument(format!("the value of header {name} {what}")));
    if let Some(at) = value.bytes().position(|byte| byte != b'\t' && byte.is_ascii_control()) {
        return wrong(format!("has a control character or a line break at byte {at}"));
    }
    if value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']) {
        return wrong("begins or ends with a blank".to_owned());
    }
    Ok(())
}

/// Returns "NAME/VERSION libmcpclient/0.1.0", without the characters that a
/// product name may not have.
fn user_agent(name: &str, version: &str) -> String {
    let product = |text: &str| -> String {
        text.chars()
            .map(|character| if character == ' ' { '-' } else { character })
            .filter(|character| character.is_ascii() && is_token(*character as u8))
            .collect()
    };
    let own = concat!("libmcpclient/", env!("CARGO_PKG_VERSION"));
    let (name, version) = (product(name), product(version));
    let mut out = String::new();
    if !name.is_empty() && name != "libmcpclient" {
        out.push_str(&name);
        if !version.is_empty() {
            let _ = write!(out, "/{version}");
        }
        out.push(' ');
    }
    out.push_str(own);
    out
}

impl Options {
    /// Returns the capabilities that the client declares to the server.
    pub(crate) fn declaration(&self) -> ClientCapabilities {
        match &self.oauth {
            Some(oauth) => self.declared.with_extensions(&oauth.auth().extensions()),
            None => self.declared.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options::new("http://127.0.0.1/mcp", None).unwrap()
    }

    #[test]
    fn refuses_headers_that_would_break_a_request() {
        let mut options = options();
        for (name, value) in [
            ("", "x"),
            ("A B", "x"),
            ("A:", "x"),
            ("\u{e9}", "x"),
            ("X", "s3cret\r\nY: z"),
            ("X", " s3cret"),
            ("X", "s3cret\t"),
            ("X", "s3cret\u{0}"),
            ("host", "x"),
            ("Content-LENGTH", "x"),
            ("Mcp-Session-Id", "x"),
            ("mcp-param-x", "x"),
        ] {
            let error = options.set_header(name, Some(value)).unwrap_err();
            assert!(!error.message().contains("s3cret"), "{}", error.message());
        }
        assert!(options.headers.is_empty());
        assert!(options.set_header("X", Some("a b\tc \u{e9}")).is_ok());
        assert!(options.set_header("x", Some("")).is_ok());
        assert_eq!(options.headers.len(), 1);
        assert!(options.set_header("X", None).is_ok());
        assert!(options.headers.is_empty());
    }

    #[test]
    fn refuses_two_credentials_in_either_order() {
        let mut options = options();
        options.set_token(Some("t0ken")).unwrap();
        assert!(options.set_header("authorization", Some("Basic x")).is_err());
        options.set_token(None).unwrap();
        options.set_header("authorization", Some("Basic x")).unwrap();
        assert!(options.set_token(Some("t0ken")).is_err());
        options.set_token(None).unwrap();
    }

    #[test]
    fn sends_a_credential_unencrypted_only_to_this_machine() {
        let insecure = |url: &str, token| Options::new(url, token).unwrap().is_insecure();
        assert!(insecure("http://example.com/", Some("t")));
        assert!(!insecure("http://example.com/", None));
        assert!(!insecure("https://example.com/", Some("t")));
        assert!(!insecure("http://localhost/", Some("t")));
        let mut options = Options::new("http://example.com/", None).unwrap();
        options.set_header("X-API-Key", Some("k")).unwrap();
        assert!(options.is_insecure());
        options.allows_plain_http = true;
        assert!(!options.is_insecure());
    }

    #[test]
    fn names_the_application_in_the_user_agent() {
        let mut options = options();
        assert!(options.user_agent.starts_with("libmcpclient/"));
        options.set_info("My App\u{e9}", "1.0 beta").unwrap();
        assert!(options.user_agent.starts_with("My-App/1.0-beta libmcpclient/"));
        assert!(options.set_info("", "1").is_err());
        assert!(options.set_info("a\nb", "1").is_err());
    }

    #[test]
    fn masks_a_token_inside_a_header_as_well() {
        let mut options = options();
        options.set_header("Authorization", Some("Basic c2VjcmV0")).unwrap();
        let shown = Error::argument("you sent c2VjcmV0").masked(&options.secrets());
        assert_eq!(shown.message(), "you sent [masked]");
    }

    #[test]
    fn masks_the_variables_and_arguments_that_are_secrets_and_no_others() {
        let argv = [
            "server",
            "--mode",
            "production",
            "--api-key",
            "k-argument",
            "--token=t-argument",
            "postgres://user:hunter2@host/db",
            "--verbose",
            "words",
        ];
        let mut options =
            Options::of(Server::Program(Program::new(argv.map(Into::into).to_vec()).unwrap()))
                .unwrap();
        for (name, value) in [
            ("API_KEY", "k-variable"),
            ("PASSWORD", "sesame"),
            ("DSN", "https://u:p4ssword@host/1"),
            ("OTHER", "sk-live-0123"),
            ("DEBUG", "everything"),
            ("MODE", "production"),
            ("MAX_TOKENS", "1000000"),
            ("AUTH", "false"),
            ("URL", "http://host/path"),
        ] {
            options.set_environment(name, Some(value)).unwrap();
        }
        let masked = |text: &str| Error::argument(text).masked(&options.secrets());
        for secret in [
            "k-variable",
            "sesame",
            "https://u:p4ssword@host/1",
            "p4ssword",
            "sk-live-0123",
            "k-argument",
            "t-argument",
            "hunter2",
        ] {
            assert_eq!(masked(secret).message(), "[masked]", "{secret}");
        }
        let plain = "everything production 1000000 false http://host/path words --verbose server";
        assert_eq!(masked(plain).message(), plain);
    }
}
