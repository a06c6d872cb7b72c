//! What reads a peer's bytes, fed with wrong ones.
//!
//! The library is a C library, to which nothing in Rust can link: its modules
//! are compiled into this crate. Each target (`targets`) is a function of some
//! bytes that panics where something that must hold does not. There are two
//! ways to feed it: `tests/short.rs` for a few seconds on any Rust, and
//! `main.rs` for as long as one likes, guided by coverage.

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
