//! One HTTP request to the server: its headers, its credential and its
//! redirects, and the error of a reply that is not 2xx.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::credential::{Need, TokenRefusal, Tries};
use crate::auth::token::Token;
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::client::core::context::Ctx;
use crate::client::core::counters::Counter;
use crate::client::core::outbound::OutboundMessage;
use crate::client::core::session::Session;
use crate::client::http::credentials::CredentialContext;
use crate::client::http::http_error;
use crate::client::options::{CurrentRoute, Options};
use crate::protocol::dialect::Dialect;
use crate::protocol::outgoing::{Headers, MessageBody, Outgoing};
use crate::protocol::session_loss::{self, RefusalCode, RefusalFacts, RequestKind, Verdict};
use crate::transport::http::{
    ExchangeSettings, HeaderLine, HttpResponse, OutgoingRequest, ResponseLimits, fields_after,
    request_line,
};
use crate::transport::trace::TraceLine;
use crate::transport::wait::Wait;
use crate::wire::content_coding;
use crate::wire::jsonrpc::{self, RpcError};
use crate::wire::url::Url;

/// The limit of redirects that one request follows.
const REDIRECTS: usize = 5;
/// The limit of bytes that are read from the body of an error.
pub(crate) const EXCERPT: usize = 64 * 1024;
/// The limits of the time for that.
const EXCERPT_TIME: Duration = Duration::from_secs(5);
const GET_EXCERPT_TIME: Duration = Duration::from_millis(500);

const ACCEPT: &str = "application/json, text/event-stream";

/// What all HTTP requests for one message share.
pub(crate) struct HttpContext<'a> {
    route: CurrentRoute<'a>,
    /// The secrets that were known at the begin, for the trace.
    secrets: Vec<Secret>,
    options: &'a Options,
}

impl<'a> HttpContext<'a> {
    pub(crate) fn new(options: &'a Options, dialect: Option<&dyn Dialect>) -> Result<Self> {
        // Only a trace shows the sent bytes. The caller masks errors.
        let mut secrets = Vec::new();
        if options.trace.is_some() {
            secrets = options.secrets();
            secrets.extend(dialect.and_then(Dialect::session_id).map(Into::into));
        }
        Ok(Self { route: options.current_route()?, secrets, options })
    }

    /// The secrets that the trace masks, with those of a token that is newer than
    /// the options.
    fn secrets(&self) -> Vec<Secret> {
        if self.options.trace.is_none() {
            return Vec::new();
        }
        let mut all = self.secrets.clone();
        all.extend(self.options.credential.secrets());
        all.extend(self.options.cookies.secrets());
        all
    }

    fn setting<'b>(
        &'b self,
        secrets: &'b [Secret],
        limits: ResponseLimits,
    ) -> ExchangeSettings<'b> {
        ExchangeSettings {
            limits,
            route: &self.route,
            connect_timeout: self.options.connect_timeout,
            trace: self.options.trace.as_deref(),
            secrets,
        }
    }

    /// Writes a received body to the trace.
    pub(crate) fn trace(&self, text: &[u8]) {
        if let Some(trace) = &self.options.trace {
            trace.line(TraceLine::Received, &String::from_utf8_lossy(text), &self.secrets());
        }
    }
}

impl<'a> Ctx<'a> {
    /// Opens an event stream with GET.
    pub(crate) async fn get(
        self,
        headers: &Headers,
        http: &HttpContext<'_>,
    ) -> Result<std::result::Result<HttpResponse<'a>, Refused>> {
        self.get_within(None, headers, http).await
    }

    /// Opens an event stream with GET. `patience` limits the time until the
    /// reply, but not the time to get a token.
    pub(crate) async fn get_within(
        self,
        patience: Option<Duration>,
        headers: &Headers,
        http: &HttpContext<'_>,
    ) -> Result<std::result::Result<HttpResponse<'a>, Refused>> {
        let Ctx { options, .. } = self;
        let url = &options.address()?.url;
        let get = HttpRequest {
            verb: "GET",
            url,
            headers,
            body: None,
            is_repeatable: true,
            wants_session_id: true,
            patience,
            limits: ResponseLimits::default(),
        };
        self.send(&get, http).await
    }

    /// Sends a request with the current credential. Sends it again with another
    /// credential if the server refuses the first one and another may help.
    pub(crate) async fn send(
        self,
        request: &HttpRequest<'_>,
        http: &HttpContext<'_>,
    ) -> Result<std::result::Result<HttpResponse<'a>, Refused>> {
        let Ctx { client, options, wait } = self;
        let mut token = match self.token_at_once()? {
            Some(token) => token,
            // Boxed: most requests have a token, or need none.
            None => Box::pin(self.obtain_token()).await.map_err(Error::with_sign_in)?,
        };
        let mut tries = Tries::default();
        loop {
            let brief = request.patience.map(|patience| wait.at_most(patience));
            let brief = brief.as_ref().unwrap_or(wait);
            let reply = pin!(follow(options, request, token.as_ref(), http, brief)).await;
            if reply.as_ref().map_or_else(Error::is_repeated, |reply| reply.is_repeated) {
                client.count_one(Counter::Repetitions);
            }
            let reply = reply?;
            if let Some(nonce) = &reply.head.rare().dpop_nonce {
                options.credential.record_nonce(nonce);
            }
            if (200..300).contains(&reply.head.status) {
                if let Some(token) = &token {
                    options.credential.accepted(token);
                }
                return Ok(Ok(reply));
            }
            // Boxed: most requests are accepted.
            let refused = self.refused_with(token.as_ref(), request, reply, http, brief);
            let (refused, facts) = Box::pin(refused).await;
            match Box::pin(self.other_token(token.as_ref(), &refused, facts, &mut tries)).await? {
                Some(other) => token = Some(other),
                None => return Ok(Err(refused)),
            }
        }
    }

    /// Reads a reply that is not 2xx.
    async fn refused_with(
        self,
        token: Option<&Token>,
        request: &HttpRequest<'_>,
        mut reply: HttpResponse<'a>,
        http: &HttpContext<'_>,
        wait: &Wait,
    ) -> (Refused, ChallengeFacts) {
        let Ctx { client, options, .. } = self;
        let status = reply.head.status;
        // A body that does not end must not hide the refusal. A call may wait
        // for the stream of a GET.
        let limit = if request.verb == "GET" { GET_EXCERPT_TIME } else { EXCERPT_TIME };
        let within = wait.at_most(limit);
        let within = reply.limited(&within).unwrap_or(within);
        let body = reply.read_excerpt(EXCERPT, &within).await;
        http.trace(&body);
        let found = jsonrpc::find_error(&body);
        let names_request = found.as_ref().is_some_and(|(id, _)| client.has_issued(id));
        let found = found.map(|(_, rpc)| rpc);
        let rpc = found.as_ref();
        let had = match (token, &options.oauth) {
            (None, _) if options.has_other_credential() => http_error::CredentialSent::Other,
            (None, _) => http_error::CredentialSent::Nothing,
            (Some(_), None) => http_error::CredentialSent::Token,
            (Some(token), Some(_)) if token.key().is_some() => http_error::CredentialSent::Bound,
            (Some(_), Some(_)) => http_error::CredentialSent::Granted,
        };
        let mut error = http_error::error(&reply.head, &body, rpc, had);
        if let Some(token) = token {
            // The client may have forgotten this token when the call ends.
            error = error.masked(&[Secret::from(token.bare())]);
        }
        let rare = reply.head.take_rare();
        reply.release();
        let has_nonce = rare.dpop_nonce.is_some();
        let facts = ChallengeFacts { challenges: rare.challenges, has_nonce };
        (Refused { status, error, found, names_request }, facts)
    }

    /// The token with which a refused request is repeated, if another one may
    /// help.
    async fn other_token(
        self,
        token: Option<&Token>,
        refused: &Refused,
        facts: ChallengeFacts,
        tries: &mut Tries,
    ) -> Result<Option<Token>> {
        let Ctx { client, options, wait } = self;
        let Refused { status, error, .. } = refused;
        if !matches!(status, 401 | 403) || wait.uses_only_cached_token() {
            return Ok(None);
        }
        let refusal = TokenRefusal {
            token,
            http_status: *status,
            challenges: &facts.challenges,
            has_nonce: facts.has_nonce,
            tries,
        };
        let caller = CredentialContext { client, options };
        let need = Need { wait, caller: &caller };
        options.credential.refused(refusal, need).await.map_err(|failure| {
            let own = failure.http_status();
            let http_status = if own == 0 { *status } else { own };
            failure
                .with_http_status(http_status)
                .with_challenge(error.challenge().to_vec())
                .with_sign_in()
        })
    }

    /// Ends the session at the server. Failures are ignored.
    pub(crate) async fn end_session(self, dialect: &dyn Dialect) {
        let Ctx { options, wait, .. } = self;
        let Some(headers) = dialect.end() else { return };
        let (Ok(http), Ok(address)) = (HttpContext::new(options, Some(dialect)), options.address())
        else {
            return;
        };
        let (url, headers) = (&address.url, &headers);
        let delete = HttpRequest {
            verb: "DELETE",
            url,
            headers,
            body: None,
            is_repeatable: true,
            wants_session_id: false,
            patience: None,
            limits: ResponseLimits::default(),
        };
        // The application is not asked for a new token.
        let token = options.credential.current();
        if let Ok(reply) = follow(options, &delete, token.as_ref(), &http, wait).await {
            reply.release();
        }
    }

    /// Returns the token for a request.
    pub(crate) async fn token(self) -> Result<Option<Token>> {
        match self.token_at_once()? {
            Some(token) => Ok(token),
            None => self.obtain_token().await,
        }
    }

    /// Returns the token for a request, or `None` if it has to be obtained
    /// first.
    fn token_at_once(self) -> Result<Option<Option<Token>>> {
        let Ctx { options, wait, .. } = self;
        options.check_secure()?;
        if wait.uses_only_cached_token() {
            // A new token would be requested and then given up half-way.
            return Ok(Some(options.credential.current()));
        }
        Ok(options.credential.ready())
    }

    async fn obtain_token(self) -> Result<Option<Token>> {
        let Ctx { client, options, wait } = self;
        let caller = CredentialContext { client, options };
        let need = Need { wait, caller: &caller };
        options.credential.obtain(need).await
    }
}

/// The headers of a refusal that concern the credential.
struct ChallengeFacts {
    /// The values of WWW-Authenticate.
    challenges: Vec<String>,
    /// Whether there was a DPoP nonce.
    has_nonce: bool,
}

/// A reply that is not 2xx.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    /// The error that the application sees.
    pub(crate) error: Error,
    /// The JSON-RPC error in the body.
    pub(crate) found: Option<RpcError>,
    /// Whether that error has the id of a request of this client.
    pub(crate) names_request: bool,
}

impl Refused {
    /// What the refusal means for the session.
    pub(crate) fn verdict(&self, request: RequestKind, session: &Session) -> Verdict {
        let names_request = self.names_request;
        let rpc = self.found.as_ref().map(|rpc| RefusalCode::of(rpc, names_request));
        let refusal = RefusalFacts { http_status: self.status, rpc };
        session_loss::judge(request, refusal, session.state())
    }
}

/// A request to the server, which redirects may send to another URL of the
/// same origin.
pub(crate) struct HttpRequest<'a> {
    pub(crate) verb: &'static str,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a Headers,
    pub(crate) body: Option<&'a MessageBody>,
    pub(crate) is_repeatable: bool,
    /// Whether the caller reads the session id of the response.
    pub(crate) wants_session_id: bool,
    /// Limits the time until the reply, besides the wait of the call.
    pub(crate) patience: Option<Duration>,
    pub(crate) limits: ResponseLimits,
}

impl<'a> HttpRequest<'a> {
    pub(crate) fn post(url: &'a Url, message: &OutboundMessage<'a>) -> Self {
        let OutboundMessage { outgoing: Outgoing { headers, body }, is_repeatable, .. } = *message;
        Self {
            verb: "POST",
            url,
            headers,
            body: Some(body),
            is_repeatable,
            wants_session_id: message.target.session.is_none(),
            patience: None,
            limits: message.limits,
        }
    }
}

/// Returns the header fields of a request that the options decide, without
/// those that frame it.
fn lines<'a>(
    options: &'a Options,
    token: Option<&'a Token>,
    verb: &str,
) -> Result<Vec<HeaderLine<'a>>> {
    let address = options.address()?;
    let mut lines = Vec::with_capacity(10 + options.headers.len());
    lines.push(("Host", address.authority.as_str(), false));
    if !options.has_header("user-agent") {
        lines.push(("User-Agent", options.user_agent.as_str(), false));
    }
    if let Some(token) = token {
        lines.push(("Authorization", token.header(), true));
    }
    for header in &options.headers {
        lines.push((header.name.as_str(), header.value.expose(), true));
    }
    match verb {
        "POST" => {
            lines.push(("Accept", ACCEPT, false));
            lines.push(("Content-Type", "application/json", false));
        }
        "GET" => {
            lines.push(("Accept", "text/event-stream", false));
        }
        _ => {}
    }
    // On one machine, to decode costs more than to transfer.
    let is_local = address.is_local || options.route.unix_socket.is_some();
    let coding = if is_local { "identity" } else { content_coding::ACCEPTED };
    lines.push(("Accept-Encoding", coding, false));
    Ok(lines)
}

/// The fields of [`lines`], as they are sent, behind the request line for the URL
/// of the server. Those of a POST are cached.
fn written_fields(
    options: &Options,
    token: Option<&Token>,
    verb: &'static str,
) -> Result<Arc<Secret>> {
    let write = || {
        let line = request_line(verb, &options.address()?.url.target);
        Ok(fields_after(line, &lines(options, token, verb)?))
    };
    if verb == "POST" { options.post_fields.get(token, write) } else { write().map(Arc::new) }
}

/// What follows the request line.
fn after_line(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, fields)| fields)
}

/// Sends a request, and sends it again after a redirect to the same origin.
async fn follow<'a>(
    options: &'a Options,
    request: &HttpRequest<'_>,
    token: Option<&Token>,
    http: &HttpContext<'_>,
    wait: &Wait,
) -> Result<HttpResponse<'a>> {
    let fields = written_fields(options, token, request.verb)?;
    let [common, own] = request.headers.parts();
    let mut shown = Vec::new();
    if options.trace.is_some() {
        shown = lines(options, token, request.verb)?;
        let own = request.headers.iter();
        shown.extend(own.map(|(name, value)| (name, value, name == "Mcp-Session-Id")));
    }
    let secrets = http.secrets();
    let setting = http.setting(&secrets, request.limits);
    let bound = token.filter(|token| token.key().is_some());
    let (first, own_url) = (request.url, &options.address()?.url);
    let mut moved: Option<Box<Url>> = None;
    let mut is_repeated = false;
    for _ in 0..=REDIRECTS {
        let url = moved.as_deref().unwrap_or(first);
        // A proof is valid for one URL.
        let prove = || match bound {
            Some(token) => options.credential.proof(token, request.verb, &url.without_query()),
            None => Ok(None),
        };
        let cookie = options.cookie(url);
        // Another URL after a redirect, and for the endpoint of HTTP with SSE.
        let has_line = std::ptr::eq(url, own_url);
        let fields = fields.expose();
        let request = OutgoingRequest {
            verb: request.verb,
            url,
            fields: [if has_line { fields } else { after_line(fields) }, common, own],
            has_line,
            shown: &shown,
            cookie: cookie.as_ref(),
            body: request.body.map(MessageBody::parts),
            is_repeatable: request.is_repeatable,
            wants_session_id: request.wants_session_id,
            proof: bound.is_some().then_some(&prove),
        };
        let mut reply = pin!(options.http.send(&request, setting, wait)).await?;
        is_repeated |= reply.is_repeated;
        if !reply.head.rare().set_cookies.is_empty() {
            options.cookies.take(url, &reply.head.rare().set_cookies);
        }
        if !(300..400).contains(&reply.head.status) {
            let facts = &mut *reply;
            (facts.moved, facts.is_repeated) = (moved, is_repeated);
            return Ok(reply);
        }
        moved = Some(Box::new(redirected(request.verb, first, &reply)?));
        reply.release();
    }
    Err(Error::new(
        Status::Redirect,
        format!("the server redirects in a circle: more than {REDIRECTS} times"),
    ))
}

/// Returns the target of a redirect that may be followed: one to the same
/// origin that keeps the method and the body.
fn redirected(verb: &str, from: &Url, reply: &HttpResponse<'_>) -> Result<Url> {
    let status = reply.head.status;
    let wrong = |what: String| {
        Err(Error::new(Status::Redirect, format!("the server answered {status}: {what}"))
            .with_http_status(status))
    };
    let Some(location) = &reply.head.rare().location else {
        return wrong("a redirect without a target".to_owned());
    };
    let Some(target) = from.join(location) else {
        return wrong("a redirect to what is no URL of a server".to_owned());
    };
    if target.origin != from.origin {
        let other = wrong(format!(
            "it redirects to {}, another origin, where no credential goes; if that is \
             right, use its URL",
            target.origin
        ));
        return other.map_err(Error::with_other_origin);
    }
    // 301 and 302 turn any request into a GET, and keep a GET as it is.
    let keeps_all = match status {
        307 | 308 => true,
        301 | 302 => verb == "GET",
        _ => false,
    };
    if !keeps_all {
        return wrong(
            "a redirect that would turn the request into another one; use the URL of the \
             endpoint itself"
                .to_owned(),
        );
    }
    Ok(target)
}
