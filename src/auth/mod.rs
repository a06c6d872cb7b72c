//! How a request gets its credential.

pub(crate) mod bearer;
pub(crate) mod callback;
pub(crate) mod credential;
pub(crate) mod oauth;
pub(crate) mod token;
pub(crate) mod token_request;
