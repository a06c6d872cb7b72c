//! libmcpclient: a client of the Model Context Protocol (MCP) as a C library.
//!
//! The public interface is `include/mcpclient.h`, made from [`ffi`]. From top
//! to bottom, each part using only those below it (`tests/source` checks it):
//!
//! - [`ffi`]: pointers, NULLs, panics, the last error, callbacks;
//! - [`client`]: one call from its arguments to its answer; connecting,
//!   recovery, options;
//! - [`protocol`]: what a revision says, without I/O; [`auth`]: how a request
//!   gets its credential; [`transport`]: HTTP, event streams, processes, TLS;
//! - [`wire`]: pure parsers and writers;
//! - [`base`]: errors, secrets, the environment, flags to wait for;
//! - [`platform`]: the operating system, behind one interface.

mod auth;
mod base;
mod client;
mod ffi;
mod platform;
mod protocol;
mod transport;
mod wire;
