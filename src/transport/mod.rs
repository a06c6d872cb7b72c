//! Sends and receives bytes: HTTP/1.1, event streams, processes, TLS, proxies.
//!
//! Knows neither revisions nor methods of MCP. [`wait`] is the one place that
//! waits.

pub(crate) mod address_policy;
pub(crate) mod async_mutex;
pub(crate) mod background;
pub(crate) mod connection;
pub(crate) mod connector;
pub(crate) mod cookies;
pub(crate) mod decoding;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod lines;
pub(crate) mod log_queue;
pub(crate) mod message_source;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod resolve;
pub(crate) mod server_verifier;
pub(crate) mod socket;
pub(crate) mod stream;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tls;
pub(crate) mod tls_error;
pub(crate) mod tls_stream;
pub(crate) mod trace;
pub(crate) mod tunnel;
pub(crate) mod wait;
