//! OAuth 2.1: how the library gets, renews and replaces tokens.
//!
//! - `spec`: the rules of the RFCs, without I/O and without a clock;
//! - `store`: the token store;
//! - `state`: the settings, and the data about each server;
//! - `host`: HTTP requests, the loopback listener, the browser;
//! - `flow`: the steps. `flow/mod.rs` shows a whole sign-in;
//! - `token_check`: a credential that shows whether the server accepts a token;
//! - `token_demand`: what the server says when it refuses a request.

pub(crate) mod credential;
pub(crate) mod flow;
pub(crate) mod host;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod token_check;
pub(crate) mod token_demand;
