//! HTTP with SSE, the transport of revision 2024-11-05.

mod connection;
mod failures;
mod posts;
mod tls;
