//! What is known about each authorization server and resource, and what the
//! application set.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod cached_token;
pub(crate) mod pending_sign_in;
pub(crate) mod reentrancy;
pub(crate) mod settings;
