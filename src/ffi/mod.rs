//! The C interface: pointers, NULLs, panics, the last error, callbacks.
//!
//! One file is one chapter of the header, and the order of the `mod` lines is
//! the order of the header. Nothing is decided here that a caller in Rust
//! would want as well.

#![allow(unsafe_code, reason = "the boundary to C; each block says why it is sound")]
#![allow(non_camel_case_types, reason = "the names are C's")]

mod argument;
mod callback;
mod guard;
mod handle;
mod view;

mod library;

mod error;

mod client;
mod stdio;

mod auth;
mod sign_in;
mod store;

mod limit;

mod config;

mod call;
mod request;

mod dispatch;

mod cancel;

mod event;
mod input;

mod result;
mod result_items;

mod server_info;

mod tool;

mod resource;

mod prompt;

mod content;

mod skill_call;

mod skill;

mod task_call;

mod task;

mod json;
