//! OAuth 2.1: how a token is got, renewed and widened.
//!
//! `spec` is what the RFCs say, without I/O and without a clock; `store` keeps
//! tokens; `state` is what is known about each server; `host` reaches other
//! servers, the browser and the system; `flow` has the steps and uses all of
//! them.

pub(crate) mod credential;
pub(crate) mod flow;
pub(crate) mod host;
pub(crate) mod spec;
pub(crate) mod state;
pub(crate) mod store;
