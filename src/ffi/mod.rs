//! The C interface: pointers, NULL, panics, the last error, callbacks.
//!
//! Each file is one chapter of the header. The order of the `mod` lines is the
//! order of the header. These files convert and check arguments; every decision
//! that a caller in Rust needs as well is in `client`.

#![allow(unsafe_code, reason = "the boundary to C; each block says why it is sound")]
#![allow(non_camel_case_types, reason = "the names are C's")]

mod argument;
mod callback;
mod guard;
mod handle;
mod last_error;
mod named_items;
mod view;

mod library;

mod error;

mod client;
mod client_state;
mod token_request;

mod log;
mod network;
mod stdio;

mod assertion;
mod auth;
mod auth_options;
mod sign_in;

mod sign_in_page;
mod store;

mod limit;

mod config;

mod call;
mod request_new;

mod request;
mod request_control;

mod progress;

mod dispatch;

mod cancel;

mod event;
mod input;

mod result;
mod result_items;

mod server_info;

mod tool;

mod resource;

mod uri;

mod prompt;

mod content;

mod skill_call;

mod skill;

mod task_call;

mod task;

mod json;
