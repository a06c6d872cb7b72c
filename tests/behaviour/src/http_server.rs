//! A correct server over Streamable HTTP, and its clients.

use std::sync::Arc;

use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Log, Request, Server};

use crate::{Client, SOON};

pub struct HttpServer {
    pub server: Server,
    pub mcp: Arc<Mcp>,
}

impl HttpServer {
    pub fn new(config: Config) -> Self {
        Self::before(config, |_, mcp, request| mcp.handle(request))
    }

    /// `handle` gets each request before the server does, with the number of
    /// requests of the same JSON-RPC method so far.
    pub fn before(
        config: Config,
        handle: impl Fn(usize, &Mcp, &Request) -> Vec<Action> + Send + Sync + 'static,
    ) -> Self {
        let mcp = Arc::new(Mcp::new(config));
        let shared = mcp.clone();
        let counts = std::sync::Mutex::new(std::collections::HashMap::new());
        let server = Server::start(move |request| {
            let count = {
                let mut counts = counts.lock().unwrap();
                let count = counts.entry(request.rpc_method()).or_insert(0);
                *count += 1;
                *count
            };
            handle(count, &shared, request)
        });
        Self { server, mcp }
    }

    pub fn stateless() -> Self {
        Self::new(Config::stateless(Offer::default()))
    }

    pub fn handshake() -> Self {
        Self::new(Config::handshake(Offer::default()))
    }

    /// One of each era, with replies as JSON and with streams.
    pub fn each(offer: Offer) -> Vec<Self> {
        let eras = [Config::stateless(offer.clone()), Config::handshake(offer)];
        let forms = eras
            .into_iter()
            .flat_map(|config| [config.clone(), Config { streams: true, ..config }]);
        forms.map(Self::new).collect()
    }

    pub fn client(&self) -> Client {
        Client::of(&self.server.url("/mcp"))
    }

    pub fn log(&self) -> &Log {
        self.server.log()
    }

    pub fn is_stateless(&self) -> bool {
        self.mcp.config.is_stateless
    }

    /// How many requests of a JSON-RPC method have come.
    pub fn count(&self, method: &str) -> usize {
        self.log().of(method).len()
    }

    /// Waits for so many of them.
    pub fn awaits(&self, method: &str, count: usize) {
        let is_there = self.log().await_of(method, count, SOON);
        assert!(is_there, "{} of {count} {method}", self.count(method));
    }

    /// The client has broken no rule.
    pub fn has_no_complaint(&self) {
        assert_eq!(self.mcp.violations(), [""; 0]);
    }
}
