//! One HTTP request and its response, on the calling thread.

use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::mask::MASK;
use crate::base::secret::Secret;
use crate::base::secret_name::is_secret_name;
use crate::transport::address_policy::NetworkZone;
use crate::transport::connection::{Connection, ResponseFacts, no_memory};
use crate::transport::connector::{Connector, Route};
use crate::transport::decoding::Decoding;
use crate::transport::pool::Pool;
use crate::transport::trace::{Trace, TraceLine};
use crate::transport::wait::{Wait, now};
use crate::wire::http1_body::Body;
use crate::wire::url::Url;

/// Sends requests to one origin. Threads that send at the same time have a
/// connection each.
#[derive(Debug, Default)]
pub(crate) struct Http {
    connector: Connector,
    pool: Pool,
}

/// A request to send.
pub(crate) struct OutgoingRequest<'a> {
    pub(crate) verb: &'static str,
    pub(crate) url: &'a Url,
    /// The header fields as they are sent, in parts. Each field ends with a line
    /// break.
    pub(crate) fields: [&'a str; 3],
    /// Whether the request line stands before the first field.
    pub(crate) has_line: bool,
    /// The same for the trace: names, values, and whether a value is secret. It
    /// is empty without a trace.
    pub(crate) shown: &'a [HeaderLine<'a>],
    /// The value of Cookie.
    pub(crate) cookie: Option<&'a Secret>,
    /// The body, in the parts in which it is in memory.
    pub(crate) body: Option<[&'a [u8]; 3]>,
    /// Whether it may be sent again if it is not known whether it arrived.
    pub(crate) is_repeatable: bool,
    /// Whether the caller reads the session id of the response.
    pub(crate) wants_session_id: bool,
    /// Makes the value of the DPoP header. It is valid once, so it is made each
    /// time that the request is sent.
    pub(crate) proof: Option<&'a Prove<'a>>,
}

pub(crate) type IsSecret = bool;
pub(crate) type Prove<'a> = dyn Fn() -> Result<Option<Secret>> + 'a;

/// The settings of an exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExchangeSettings<'a> {
    pub(crate) route: &'a Route,
    pub(crate) connect_timeout: Duration,
    pub(crate) trace: Option<&'a Trace>,
    pub(crate) secrets: &'a [Secret],
    pub(crate) limits: ResponseLimits,
}

/// Limits of the time for a response, besides the wait of the call. The time to
/// connect does not count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ResponseLimits {
    /// From the sending to the end of the response.
    pub(crate) whole: Option<Duration>,
    /// For the head of the response after the request was sent.
    pub(crate) head: Option<Duration>,
}

/// A response whose body was not read yet. If it is dropped before the end of
/// the body, the connection is closed. Most of it is behind the pointer to the
/// connection, because the response is moved often.
#[derive(Debug)]
pub(crate) struct HttpResponse<'a> {
    body: Body,
    decoding: Option<Box<Decoding>>,
    connection: Box<Connection>,
    pool: &'a Pool,
}

impl Http {
    pub(crate) async fn send(
        &self,
        request: &OutgoingRequest<'_>,
        setting: ExchangeSettings<'_>,
        wait: &Wait,
    ) -> Result<HttpResponse<'_>> {
        let now = Instant::now();
        wait.check_at(now)?;
        let kept = self.pool.take(!request.is_repeatable, now, wait).await;
        let mut connection = match kept {
            Some(connection) => connection,
            // Boxed: most requests have a kept connection.
            None => Box::pin(self.connect(request, setting, wait)).await?,
        };
        // About the first sending, if this is the second.
        let (mut is_repeated, mut may_have_run) = (false, false);
        loop {
            let proof = request.proof.map_or(Ok(None), |prove| prove());
            let proof = proof.map_err(|error| error.or_may_have_run(may_have_run))?;
            let cookie = request.cookie.map(|cookie| ("Cookie", cookie.expose(), true));
            let proof = proof.as_ref().map(|proof| ("DPoP", proof.expose(), true));
            let mut own = Vec::new();
            own.extend(cookie);
            own.extend(proof);
            trace_request(request, &own, setting);
            let rest = write(request, &own, &mut connection.output);
            connection.wants_session_id = request.wants_session_id;
            let until = setting.limits.whole.map(|limit| Instant::now() + limit);
            let limited = until.map(|until| wait.until(until));
            let within = limited.as_ref().unwrap_or(wait);
            match connection.exchange(rest, setting.limits.head, within).await {
                Ok(()) => {
                    trace_head(connection.head(), setting);
                    let facts = &mut connection.response;
                    (facts.is_repeated, facts.until) = (is_repeated, until);
                    let head = &facts.head;
                    return Ok(HttpResponse {
                        body: head.body(),
                        decoding: head.decoder().map(|decoder| Box::new(Decoding::new(decoder))),
                        connection,
                        pool: &self.pool,
                    });
                }
                Err(no_reply) => {
                    let was_idle = no_reply.is_silent && connection.is_used;
                    let again = was_idle && request.is_repeatable;
                    if let Some(trace) = setting.trace {
                        // A server may close an idle connection at any time.
                        let line = if again { TraceLine::Info } else { TraceLine::Warning };
                        trace.line(line, no_reply.error.message(), setting.secrets);
                    }
                    if !again {
                        let error = no_reply.error.with_repetition(is_repeated);
                        let error = error.with_idle_connection(was_idle);
                        return Err(error.or_may_have_run(may_have_run));
                    }
                    // Only once: the new connection was not used before.
                    (is_repeated, may_have_run) = (true, no_reply.error.may_have_run());
                    connection = Box::pin(self.connect(request, setting, wait))
                        .await
                        .map_err(|error| error.or_may_have_run(may_have_run))?;
                }
            }
        }
    }

    /// See [`Connector::network_zone`].
    pub(crate) async fn network_zone(
        &self,
        url: &Url,
        route: &Route,
        wait: &Wait,
    ) -> Result<NetworkZone> {
        self.connector.network_zone(&url.origin, route, wait).await
    }

    /// Closes the idle connections.
    pub(crate) fn close(&self) {
        self.pool.clear();
    }

    async fn connect(
        &self,
        request: &OutgoingRequest<'_>,
        setting: ExchangeSettings<'_>,
        wait: &Wait,
    ) -> Result<Box<Connection>> {
        if let Some(trace) = setting.trace {
            let line = format!("connect to {}", request.url.origin.authority());
            trace.line(TraceLine::Info, &line, setting.secrets);
        }
        let wait = wait.for_connecting(setting.connect_timeout);
        self.connector
            .open(request.url, setting.route, &wait)
            .await
            .map(|stream| Box::new(Connection::new(stream)))
    }
}

impl Deref for HttpResponse<'_> {
    type Target = ResponseFacts;

    fn deref(&self) -> &ResponseFacts {
        &self.connection.response
    }
}

impl DerefMut for HttpResponse<'_> {
    fn deref_mut(&mut self) -> &mut ResponseFacts {
        &mut self.connection.response
    }
}

impl HttpResponse<'_> {
    /// The wait for the body, if the exchange is limited.
    pub(crate) fn limited(&self, wait: &Wait) -> Option<Wait> {
        self.until.map(|until| wait.until(until))
    }

    /// The whole body, if it has at most `limit` decoded bytes.
    pub(crate) async fn read(&mut self, limit: usize, wait: &Wait) -> Result<Vec<u8>> {
        let mut out: Vec<u8> = Vec::new();
        let too_large = || {
            Error::new(
                Status::TooLarge,
                format!(
                    "the server sent a reply of more than {limit} bytes; see \
                     MCP_LIMIT_MESSAGE_SIZE of mcp_client_set_limit()"
                ),
            )
            .with_may_have_run(true)
        };
        let announced = self.body.announced().filter(|_| self.decoding.is_none());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        if self.decoding.is_none()
            && let Some(data) = self.connection.take_whole(&mut self.body)
        {
            if data.len() > limit {
                return Err(too_large());
            }
            if data.len() <= SMALL {
                return Ok(data.to_vec());
            }
            out.try_reserve_exact(data.len()).map_err(|_| no_memory())?;
            out.extend_from_slice(data);
            return Ok(out);
        }
        loop {
            let (connection, body) = (&mut self.connection, &mut self.body);
            if self.decoding.is_none()
                && let Some(most) = connection.direct_size(body, &out, limit)
            {
                // Boxed: most bodies need no room for it.
                match Box::pin(connection.receive_directly(body, &mut out, most, wait)).await? {
                    true => continue,
                    false => return Ok(out),
                }
            }
            let mut take = |data: &[u8]| {
                if out.len() + data.len() > limit {
                    return Err(too_large());
                }
                out.try_reserve(data.len()).map_err(|_| no_memory())?;
                out.extend_from_slice(data);
                Ok(())
            };
            if !self.next_piece(wait, &mut take).await? {
                return Ok(out);
            }
        }
    }

    /// The start of the body, for an error message. For a body that cannot be
    /// decoded, the reason.
    pub(crate) async fn read_excerpt(&mut self, limit: usize, wait: &Wait) -> Vec<u8> {
        let mut out: Vec<u8> = Vec::new();
        let mut take = |data: &[u8]| {
            let room = limit - out.len();
            out.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if out.len() < limit { Ok(()) } else { Err(Error::new(Status::TooLarge, "")) }
        };
        let error = loop {
            match self.next_piece(wait, &mut take).await {
                Ok(true) => {}
                Ok(false) => return out,
                Err(error) => break error,
            }
        };
        if out.is_empty() && self.decoding.is_some() && error.status() == Status::Protocol {
            out.extend_from_slice(error.message().as_bytes());
        }
        out
    }

    /// Takes the body as a separate stream. Its connection does not return to
    /// the pool.
    pub(crate) fn open(self) -> OpenBody {
        OpenBody { body: self.body, decoding: self.decoding, connection: self.connection }
    }

    /// Returns the connection to the pool. If the end of the body has not
    /// arrived, it is read when the connection is used next, so that the caller
    /// does not wait for it. What is left is not decoded.
    pub(crate) fn release(mut self) {
        if !self.head.keeps_alive {
            return;
        }
        // Most facts are small, and stay until the next head replaces them.
        if !self.is_small() {
            self.connection.response = ResponseFacts::default();
        }
        let unfinished =
            if self.body.is_done() || ends_here(&mut self) { None } else { Some(self.body) };
        self.pool.put(self.connection, unfinished);
    }
}

/// A body that has its connection for itself.
#[derive(Debug)]
pub(crate) struct OpenBody {
    body: Body,
    decoding: Option<Box<Decoding>>,
    connection: Box<Connection>,
}

/// A body that arrives in pieces.
pub(crate) trait Pieces {
    fn parts(&mut self) -> (&mut Connection, &mut Body, &mut Option<Box<Decoding>>);

    /// Calls `take` with the next piece of the body, decoded; false at its end.
    async fn next_piece(
        &mut self,
        wait: &Wait,
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<bool> {
        let (connection, body, decoding) = self.parts();
        match decoding {
            None => connection.next_piece(body, wait, take).await,
            // Boxed: most bodies need no room for it.
            Some(decoding) => Box::pin(decoding.next_piece(connection, body, wait, take)).await,
        }
    }

    /// Whether the pieces are decoded ones.
    fn is_decoded(&mut self) -> bool {
        self.parts().2.is_some()
    }
}

impl Pieces for HttpResponse<'_> {
    fn parts(&mut self) -> (&mut Connection, &mut Body, &mut Option<Box<Decoding>>) {
        (&mut self.connection, &mut self.body, &mut self.decoding)
    }
}

impl Pieces for OpenBody {
    fn parts(&mut self) -> (&mut Connection, &mut Body, &mut Option<Box<Decoding>>) {
        (&mut self.connection, &mut self.body, &mut self.decoding)
    }
}

/// Whether the end of the body has arrived.
#[inline(never)]
fn ends_here(reply: &mut HttpResponse<'_>) -> bool {
    let wait = Wait::for_at_most(Duration::ZERO);
    let finish = async { Ok::<_, Error>(reply.connection.finish(&mut reply.body, &wait).await) };
    now(finish).unwrap_or(false)
}

/// A header: name, value, and whether the value is secret.
pub(crate) type HeaderLine<'a> = (&'a str, &'a str, IsSecret);

/// The size of a body for which there is always memory.
const SMALL: usize = 4 * 1024;

/// A longer body is not copied behind the head: it is sent from where it is.
const COPIED: usize = 16 * 1024;

/// Writes the request into `out`, and returns the rest of its body.
fn write<'a>(
    request: &OutgoingRequest<'a>,
    own: &[HeaderLine<'_>],
    out: &mut Vec<u8>,
) -> [&'a [u8]; 3] {
    let body = request.body.unwrap_or_default();
    let body_length: usize = body.iter().map(|part| part.len()).sum();
    let target = &request.url.target;
    // Large enough: a buffer that grows would leave copies of the credential
    // behind.
    let fields = request.fields.iter().map(|part| part.len()).sum::<usize>();
    let length = request.verb.len() + target.len() + fields + length_of(own) + 64;
    let is_copied = body_length <= COPIED;
    out.clear();
    out.reserve_exact(length + if is_copied { body_length } else { 0 });
    let mut add = |text: &str| out.extend_from_slice(text.as_bytes());
    if !request.has_line {
        request_line(request.verb, target).into_iter().for_each(&mut add);
    }
    request.fields.into_iter().for_each(&mut add);
    for (name, value, _) in own {
        [name, ": ", value, "\r\n"].into_iter().for_each(&mut add);
    }
    if request.body.is_some() {
        add("Content-Length: ");
        add(itoa::Buffer::new().format(body_length));
        add("\r\n");
    }
    add("\r\n");
    if !is_copied {
        return body;
    }
    body.iter().for_each(|part| out.extend_from_slice(part));
    Default::default()
}

/// The request line, in parts.
pub(crate) fn request_line<'a>(verb: &'a str, target: &'a str) -> [&'a str; 4] {
    [verb, " ", target, " HTTP/1.1\r\n"]
}

/// The header fields as they are sent. The values may be secret, so the text is
/// wiped when it is dropped, and has room for all of them from the start.
pub(crate) fn fields(lines: &[HeaderLine<'_>]) -> Secret {
    fields_after([""; 4], lines)
}

/// The same behind a request line.
pub(crate) fn fields_after(line: [&str; 4], lines: &[HeaderLine<'_>]) -> Secret {
    let length: usize = line.iter().map(|part| part.len()).sum();
    let mut text = String::with_capacity(length + length_of(lines));
    line.into_iter().for_each(|part| text.push_str(part));
    for (name, value, _) in lines {
        [name, ": ", value, "\r\n"].into_iter().for_each(|part| text.push_str(part));
    }
    text.into()
}

fn length_of(lines: &[HeaderLine<'_>]) -> usize {
    lines.iter().map(|(name, value, _)| name.len() + value.len() + 4).sum()
}

fn trace_request(
    request: &OutgoingRequest<'_>,
    own: &[HeaderLine<'_>],
    setting: ExchangeSettings<'_>,
) {
    let Some(trace) = setting.trace else { return };
    let path = request.url.path();
    trace.line(TraceLine::Sent, &format!("{} {path} HTTP/1.1", request.verb), setting.secrets);
    for (name, value, is_secret) in request.shown.iter().chain(own) {
        let shown = if *is_secret { MASK } else { value };
        trace.line(TraceLine::Sent, &format!("{name}: {shown}"), setting.secrets);
    }
    if let Some(body) = request.body.map(|parts| parts.concat()) {
        trace.line(TraceLine::Sent, &format!("Content-Length: {}", body.len()), setting.secrets);
        trace.line(TraceLine::Sent, &String::from_utf8_lossy(&body), setting.secrets);
    }
}

/// Writes the status line and the header fields as the server sent them, with
/// the names in lower case.
fn trace_head(head: &[u8], setting: ExchangeSettings<'_>) {
    let Some(trace) = setting.trace else { return };
    for line in String::from_utf8_lossy(head).lines().filter(|line| !line.is_empty()) {
        trace.line(TraceLine::Received, &shown_field(line), setting.secrets);
    }
}

/// A line of a head without secrets that this client does not know yet.
fn shown_field(line: &str) -> String {
    let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.contains(' ')) else {
        return line.to_owned(); // the status line
    };
    let (name, value) = (name.to_ascii_lowercase(), value.trim());
    let value = match name.as_str() {
        // As in requests, and without the id itself.
        "mcp-session-id" => return format!("Mcp-Session-Id: {MASK}"),
        "www-authenticate" | "proxy-authenticate" => value,
        // A query may hold a token.
        "location" => value.split(['?', '#']).next().unwrap_or_default(),
        name if is_secret_name(name) => MASK,
        _ => value,
    };
    format!("{name}: {value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::io::{Read, Write};

    /// How a server treats its connection after the first response. It sends
    /// when the client may send the second request.
    type End = fn(std::net::TcpStream, std::sync::mpsc::Sender<()>);

    /// Serves one connection, and nothing after it: how the second request
    /// ends, and whether it may have run.
    fn second(end: End) -> (Status, bool) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(listener);
            let count = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
            assert!(count > 0);
            end(stream, ready);
        });
        let http = Http::default();
        let request = OutgoingRequest {
            verb: "GET",
            url: &url,
            fields: [""; 3],
            has_line: false,
            shown: &[],
            cookie: None,
            body: None,
            is_repeatable: true,
            wants_session_id: false,
            proof: None,
        };
        let connect_timeout = Duration::from_secs(30);
        let route = Route::default();
        let setting = ExchangeSettings {
            route: &route,
            connect_timeout,
            trace: None,
            secrets: &[],
            limits: ResponseLimits::default(),
        };
        let wait = Wait::for_at_most(connect_timeout);
        now(http.send(&request, setting, &wait)).unwrap().release();
        is_ready.recv().unwrap();
        let error = now(http.send(&request, setting, &wait)).unwrap_err();
        server.join().unwrap();
        (error.status(), error.may_have_run())
    }

    #[test]
    fn reports_whether_the_first_sending_may_have_run() {
        // A test that starts a process may fork at this moment. Its child keeps
        // the sockets open until it calls exec: the second connection is not
        // refused, or the first one is reset too late. Hence the tries.
        for _ in 0..20 {
            // The server read it and closed without a response.
            let read: End = |mut stream, ready| {
                ready.send(()).unwrap();
                let _ = stream.read(&mut [0; 4096]);
            };
            let mut tries = (0..10).map(|_| second(read));
            let refused = tries.find(|(status, _)| *status == Status::Connect);
            assert_eq!(refused, Some((Status::Connect, true)));
            // The connection was reset before the request was sent.
            let reset: End = |stream, ready| {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                drop(stream);
                ready.send(()).unwrap();
            };
            assert!((0..10).any(|_| second(reset) == (Status::Connect, false)));
        }
    }

    #[test]
    fn sends_again_with_a_new_proof_after_an_idle_connection_was_closed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let server = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut proofs = Vec::new();
            let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
            // The first connection is closed without a response after its second
            // request.
            for replies in [[true, false].as_slice(), &[true]] {
                let (mut stream, _) = listener.accept().unwrap();
                for has_reply in replies {
                    let count = stream.read(&mut buffer).unwrap();
                    let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                    let proof = text.split("DPoP: ").nth(1).unwrap().split('\r').next().unwrap();
                    proofs.push(proof.to_owned());
                    if *has_reply {
                        stream.write_all(reply).unwrap();
                    }
                }
            }
            proofs
        });
        let (http, made) = (Http::default(), Cell::new(0));
        let prove = || {
            made.set(made.get() + 1);
            Ok(Some(Secret::from(format!("proof-{}", made.get()))))
        };
        let request = OutgoingRequest {
            verb: "GET",
            url: &url,
            fields: [""; 3],
            has_line: false,
            shown: &[],
            cookie: None,
            body: None,
            is_repeatable: true,
            wants_session_id: false,
            proof: Some(&prove),
        };
        let connect_timeout = Duration::from_secs(30);
        let route = Route::default();
        let setting = ExchangeSettings {
            route: &route,
            connect_timeout,
            trace: None,
            secrets: &[],
            limits: ResponseLimits::default(),
        };
        let wait = Wait::for_at_most(connect_timeout);
        for is_repeated in [false, true] {
            let reply = now(http.send(&request, setting, &wait)).unwrap();
            assert_eq!(reply.is_repeated, is_repeated);
            reply.release();
        }
        assert_eq!(server.join().unwrap(), ["proof-1", "proof-2", "proof-3"]);
    }
}
