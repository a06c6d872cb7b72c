//! The data about each authorization server and resource, and the application's
//! settings.

pub(crate) mod account;
pub(crate) mod auth;
pub(crate) mod cached_token;
pub(crate) mod client_id_places;
pub(crate) mod pending_sign_in;
pub(crate) mod reentrancy;
pub(crate) mod settings;
