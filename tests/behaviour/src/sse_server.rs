//! A server over HTTP with SSE, and its clients.

use std::sync::Arc;

use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::{Endpoint, Shape, Sse};
use mcp_test_server::{Action, Log, Request, Server};

use crate::{Client, SOON};

pub struct SseServer {
    pub server: Server,
    pub sse: Arc<Sse>,
    path: String,
}

impl SseServer {
    pub fn new(config: Config, shape: Shape) -> Self {
        Self::before(config, shape, |sse, request| sse.handle(request))
    }

    /// `handle` gets each request before the server does.
    pub fn before(
        config: Config,
        shape: Shape,
        handle: impl Fn(&Sse, &Request) -> Vec<Action> + Send + Sync + 'static,
    ) -> Self {
        let path = shape.path.clone();
        let sse = Arc::new(Sse::new(config, shape));
        let shared = sse.clone();
        let server = Server::start(move |request| handle(&shared, request));
        Self { server, sse, path }
    }

    /// All that there is to offer.
    pub fn full() -> Self {
        Self::of(Shape::default())
    }

    pub fn of(shape: Shape) -> Self {
        Self::new(Config::handshake(Offer::default()), shape)
    }

    pub fn with(endpoint: Endpoint) -> Self {
        Self::of(Shape { endpoint, ..Shape::default() })
    }

    /// One that wants a token.
    pub fn guarded(token: &str) -> Self {
        let config = Config::handshake(Offer::default());
        Self::new(Config { token: Some(token.into()), ..config }, Shape::default())
    }

    pub fn url(&self) -> String {
        self.server.url(&self.path)
    }

    pub fn client(&self) -> Client {
        Client::of(&self.url())
    }

    pub fn log(&self) -> &Log {
        self.server.log()
    }

    /// How many requests of a JSON-RPC method have come.
    pub fn count(&self, method: &str) -> usize {
        self.log().of(method).len()
    }

    /// How many requests of an HTTP method have come.
    pub fn count_http(&self, method: &str) -> usize {
        self.log().that(|request| request.method == method).len()
    }

    /// How many requests had this token.
    pub fn count_token(&self, token: &str) -> usize {
        let value = format!("Bearer {token}");
        self.log().that(|request| request.header("authorization") == Some(&value)).len()
    }

    /// Waits for so many requests of a JSON-RPC method.
    pub fn awaits(&self, method: &str, count: usize) {
        let is_there = self.log().await_of(method, count, SOON);
        assert!(is_there, "{} of {count} {method}", self.count(method));
    }

    /// Nothing that a client must not do has been done.
    pub fn has_no_complaint(&self) {
        assert_eq!(self.sse.mcp.violations(), [""; 0]);
    }
}
