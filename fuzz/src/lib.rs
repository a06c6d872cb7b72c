//! Feeds malformed bytes to the code that reads what a peer sends.
//!
//! Rust code cannot link to a C library, so the library's modules are compiled
//! into this crate. A target (`targets`) is a function that gets some bytes and
//! panics if something that must hold does not. There are two ways to run it:
//! `tests/short.rs` for a few seconds on any Rust, and `main.rs` for any length
//! of time, guided by coverage.

#[path = "../../src/auth/mod.rs"]
mod auth;
#[path = "../../src/base/mod.rs"]
mod base;
#[path = "../../src/client/mod.rs"]
mod client;
#[path = "../../src/ffi/mod.rs"]
mod ffi;
#[path = "../../src/platform/mod.rs"]
mod platform;
#[path = "../../src/protocol/mod.rs"]
mod protocol;
#[path = "../../src/transport/mod.rs"]
mod transport;
#[path = "../../src/wire/mod.rs"]
mod wire;

mod application;
mod cost;
pub mod mutate;
pub mod targets;
