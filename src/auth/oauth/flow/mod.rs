//! The steps from a refused request to a token.

mod authorization_code;
mod client;
pub(crate) mod context;
mod discover;
mod grants;
mod refresh;
mod sign_out;
mod store_access;
mod token_cache;
mod token_endpoint;
