//! A scriptable MCP server: what comes back is decided request by request,
//! down to the byte, the pause and the cut.
//!
//! [`Server`] listens and records; a handler turns each request into
//! [`Action`]s. [`mcp::Mcp`] behaves as a server of any revision should, and
//! notes what a client does wrong; with an [`offer::Offer`] it has tools,
//! resources, prompts and streams as well. It decides what to answer; what
//! carries the answers is another matter: `Mcp::handle` is the handler of
//! Streamable HTTP, [`sse::Sse`] that of HTTP+SSE, [`stdio::Stdio`] a
//! process of its own.

pub mod behaviour;
mod check;
mod conversation;
pub mod encoding;
mod gate;
mod held_port;
pub mod http;
pub mod items;
mod lists;
mod local;
pub mod malformed;
pub mod mcp;
pub mod offer;
mod output;
pub mod pipe;
mod process;
pub mod program;
mod questions;
mod resumption;
pub mod scenario;
mod serve;
pub mod skills;
pub mod sse;
pub mod stdio;
mod streamable;
mod streams;
pub mod tasks;
#[cfg(feature = "tls")]
pub mod tls;
mod tools;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

pub use gate::Gate;
pub use held_port::HeldPort;
pub use http::Request;
pub use pipe::{Feed, Pipe};

/// A step of an answer. Bytes are for HTTP alone; all else is played by
/// whatever carries messages, in its own form.
#[derive(Clone, Debug)]
pub enum Action {
    Send(Vec<u8>),
    Pause(Duration),
    /// One byte at a time, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Goes on when this many requests have arrived at the server.
    AwaitRequests(usize),
    /// The same bytes for as long as the other side reads.
    Endless(Vec<u8>),
    /// The head of an event stream, with more headers; only HTTP has one.
    Begin(Vec<(String, String)>),
    /// A message: an event, or a line.
    Message(Vec<u8>),
    /// The same message for as long as the other side reads.
    Flood(Vec<u8>),
    /// The end of an event stream; only HTTP has one.
    End,
    /// Goes on when the gate is open.
    Await(Gate),
    Open(Gate),
    Close,
    /// The end of the connection as a network has it: a reset; only HTTP has
    /// one.
    Reset,
    /// Says nothing more, and keeps the connection open.
    Hang,
    /// What comes through its pipe, as it comes.
    Feed(Feed),
}

impl Action {
    pub fn message(message: &Value) -> Self {
        Self::Message(message.to_string().into_bytes())
    }
}

/// What carries messages between a client and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Streamable HTTP.
    Http,
    /// HTTP+SSE of 2024-11-05.
    Sse,
    Stdio,
}

#[cfg(feature = "tls")]
type Acceptor = tokio_rustls::TlsAcceptor;
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
enum Acceptor {}

pub type Handler = dyn Fn(&Request) -> Vec<Action> + Send + Sync;

/// What has arrived, in order.
#[derive(Debug, Default)]
pub struct Log {
    requests: Mutex<Vec<Request>>,
    changed: Condvar,
    connections: AtomicUsize,
    closed: Mutex<HashSet<usize>>,
}

impl Log {
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have arrived; false if they do not.
    pub fn await_count(&self, count: usize, limit: Duration) -> bool {
        let requests = self.requests.lock().unwrap();
        let (requests, _) = self
            .changed
            .wait_timeout_while(requests, limit, |requests| requests.len() < count)
            .unwrap();
        requests.len() >= count
    }

    /// The requests of a JSON-RPC method, in order.
    pub fn of(&self, method: &str) -> Vec<Request> {
        self.that(|request| request.rpc_method() == method)
    }

    /// The client's answers to questions of the server.
    pub fn answers(&self) -> Vec<Value> {
        let answers = self.that(|request| {
            let message = request.json();
            message["method"].is_null() && !message["id"].is_null()
        });
        answers.iter().map(Request::json).collect()
    }

    /// The requests of which something is true.
    pub fn that(&self, is_so: impl Fn(&Request) -> bool) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| is_so(request)).cloned().collect()
    }

    /// Waits until so many of them have arrived; false if they do not.
    pub fn await_that(
        &self,
        count: usize,
        limit: Duration,
        is_so: impl Fn(&Request) -> bool,
    ) -> bool {
        let requests = self.requests.lock().unwrap();
        let so_far = |requests: &[Request]| requests.iter().filter(|one| is_so(one)).count();
        let (requests, _) = self
            .changed
            .wait_timeout_while(requests, limit, |requests| so_far(requests) < count)
            .unwrap();
        so_far(&requests) >= count
    }

    /// Waits until so many requests of a JSON-RPC method have arrived.
    pub fn await_of(&self, method: &str, count: usize, limit: Duration) -> bool {
        self.await_that(count, limit, |request| request.rpc_method() == method)
    }

    /// Waits until so many requests of an HTTP method have arrived.
    pub fn await_http(&self, method: &str, count: usize, limit: Duration) -> bool {
        self.await_that(count, limit, |request| request.method == method)
    }

    /// Waits until the other side has closed a connection, or this one has.
    pub fn await_closed(&self, connection: usize, limit: Duration) -> bool {
        await_true(limit, || self.closed.lock().unwrap().contains(&connection))
    }
}

/// Asks again and again, for so long; false if it does not become true.
pub fn await_true(limit: Duration, is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !is_so() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}

/// A server on a free port of 127.0.0.1, on a thread of its own, until it is
/// dropped.
pub struct Server {
    address: SocketAddr,
    log: Arc<Log>,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    pub fn start(handler: impl Fn(&Request) -> Vec<Action> + Send + Sync + 'static) -> Self {
        Self::start_on(0, None, Arc::new(handler)).expect("a free port")
    }

    /// On a port (0: a free one), and on a Unix socket as well.
    pub fn start_on(
        port: u16,
        unix: Option<PathBuf>,
        handler: Arc<Handler>,
    ) -> std::io::Result<Self> {
        Self::start_with(port, unix, None, handler)
    }

    /// On a free port, behind TLS.
    #[cfg(feature = "tls")]
    pub fn start_tls(acceptor: Acceptor, handler: Arc<Handler>) -> std::io::Result<Self> {
        Self::start_with(0, None, Some(acceptor), handler)
    }

    fn start_with(
        port: u16,
        unix: Option<PathBuf>,
        tls: Option<Acceptor>,
        handler: Arc<Handler>,
    ) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let unix = match unix {
            Some(path) => {
                let listener = std::os::unix::net::UnixListener::bind(path)?;
                listener.set_nonblocking(true)?;
                Some(listener)
            }
            None => None,
        };
        let log = Arc::new(Log::default());
        let (stop, stopped) = watch::channel(false);
        let shared = log.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(serve(listener, unix, tls, handler, shared, stopped));
        });
        Ok(Self { address, log, stop, thread: Some(thread) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    unix: Option<std::os::unix::net::UnixListener>,
    tls: Option<Acceptor>,
    handler: Arc<Handler>,
    log: Arc<Log>,
    mut stopped: watch::Receiver<bool>,
) {
    let listener = TcpListener::from_std(listener).expect("a listener");
    let unix = unix.map(|listener| UnixListener::from_std(listener).expect("a listener"));
    loop {
        let (handler, shared) = (handler.clone(), log.clone());
        tokio::select! {
            _ = stopped.changed() => return,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                match tls.clone() {
                    #[cfg(feature = "tls")]
                    Some(tls) => {
                        tokio::spawn(async move {
                            if let Ok(stream) = tls.accept(stream).await {
                                connection(stream, handler, shared).await;
                            }
                        });
                    }
                    _ => {
                        tokio::spawn(connection(stream, handler, shared));
                    }
                }
            }
            accepted = accept_unix(unix.as_ref()) => {
                tokio::spawn(connection(accepted, handler, shared));
            }
        }
    }
}

async fn accept_unix(listener: Option<&UnixListener>) -> tokio::net::UnixStream {
    match listener {
        Some(listener) => loop {
            if let Ok((stream, _)) = listener.accept().await {
                return stream;
            }
        },
        None => std::future::pending().await,
    }
}

async fn connection(
    mut stream: impl AsyncRead + AsyncWrite + AsRawFd + Unpin,
    handler: Arc<Handler>,
    log: Arc<Log>,
) {
    let number = log.connections.fetch_add(1, Ordering::SeqCst);
    converse(&mut stream, number, handler, &log).await;
    log.closed.lock().unwrap().insert(number);
}

async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + AsRawFd + Unpin),
    number: usize,
    handler: Arc<Handler>,
    log: &Log,
) {
    let mut input = Vec::new();
    while let Some(mut request) = read_request(stream, &mut input).await {
        request.connection = number;
        {
            let mut requests = log.requests.lock().unwrap();
            request.number = requests.len();
            requests.push(request.clone());
            log.changed.notify_all();
        }
        for action in handler(&request) {
            let goes_on = match action {
                Action::Feed(feed) => {
                    let goes_on = follow(stream, &feed, log).await;
                    feed.close();
                    goes_on
                }
                action => play(stream, action, log).await,
            };
            if !goes_on {
                return;
            }
        }
    }
}

/// Plays what comes through a pipe; false when the connection is over.
async fn follow(
    stream: &mut (impl AsyncRead + AsyncWrite + AsRawFd + Unpin),
    feed: &Feed,
    log: &Log,
) -> bool {
    let Some(mut steps) = feed.take() else { return false };
    let mut byte = [0; 256];
    loop {
        tokio::select! {
            step = steps.recv() => match step.flatten() {
                None => return true,
                Some(action) => if !play(stream, action, log).await {
                    return false;
                },
            },
            // The other side goes; it has nothing to say before the end.
            read = stream.read(&mut byte) => if !matches!(read, Ok(count) if count > 0) {
                return false;
            },
        }
    }
}

/// False when the connection is over.
async fn play(
    stream: &mut (impl AsyncRead + AsyncWrite + AsRawFd + Unpin),
    action: Action,
    log: &Log,
) -> bool {
    match action {
        Action::Send(bytes) => stream.write_all(&bytes).await.is_ok(),
        Action::Pause(pause) => {
            tokio::time::sleep(pause).await;
            true
        }
        Action::Drip(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return false;
                }
                tokio::time::sleep(pause).await;
            }
            true
        }
        Action::AwaitRequests(count) => {
            for _ in 0..30_000 {
                if log.count() >= count {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            false
        }
        Action::Endless(bytes) => {
            while stream.write_all(&bytes).await.is_ok() {}
            false
        }
        Action::Begin(headers) => {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            stream.write_all(&http::stream_head(&headers)).await.is_ok()
        }
        Action::Message(text) => stream.write_all(&http::event_of(&text)).await.is_ok(),
        Action::Flood(text) => {
            let event = http::event_of(&text);
            while stream.write_all(&event).await.is_ok() {}
            false
        }
        Action::End => stream.write_all(http::LAST_CHUNK).await.is_ok(),
        Action::Await(gate) => {
            gate.wait().await;
            true
        }
        Action::Open(gate) => {
            gate.open();
            true
        }
        Action::Close => {
            let _ = stream.shutdown().await;
            false
        }
        Action::Reset => {
            let _ = process::reset(stream.as_raw_fd());
            false
        }
        Action::Hang => {
            // Until the other side goes.
            let mut byte = [0; 256];
            while matches!(stream.read(&mut byte).await, Ok(count) if count > 0) {}
            false
        }
        // One inside another.
        Action::Feed(_) => false,
    }
}

async fn read_request(
    stream: &mut (impl AsyncRead + Unpin),
    input: &mut Vec<u8>,
) -> Option<Request> {
    let mut chunk = vec![0; 16 * 1024];
    loop {
        if let Some((request, length)) = Request::parse(input) {
            input.drain(..length);
            return Some(request);
        }
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => input.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}
