//! libmcpclient: a client of the Model Context Protocol (MCP) as a C library.
//!
//! The public interface is `include/mcpclient.h`, which is generated from
//! [`ffi`]. The modules from top to bottom; `tests/source/layers.py` checks
//! which module may use which:
//!
//! - [`ffi`] is the C interface: handles, conversions, the panic boundary, the
//!   last error and callbacks. It decides nothing.
//! - [`client`] connects to one server, sends calls and repeats them, routes
//!   the server's messages, and holds the options.
//! - [`auth`] gets the credential of a request: a fixed token, a callback, or
//!   OAuth.
//! - [`protocol`] holds the rules of each MCP revision, without I/O.
//! - [`transport`] moves bytes: HTTP, event streams, processes, TLS, and the
//!   wait that limits every operation.
//! - [`wire`] parses and writes formats, without I/O: JSON, JSON-RPC, HTTP/1.1,
//!   event streams, URLs.
//! - [`base`] has the error type, secrets, the environment, and signals between
//!   threads.
//! - [`platform`] is the one interface to the operating system, and to the
//!   vector instructions of the processor.

mod auth;
mod base;
mod client;
mod ffi;
mod platform;
mod protocol;
mod transport;
mod wire;
