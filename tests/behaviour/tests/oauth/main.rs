//! OAuth: discovery, registration, grants, tokens and their store.

mod authorization_responses;
mod client_authentication;
mod client_registration;
mod concurrent_calls;
mod discovery;
mod dpop;
mod errors;
mod grants;
mod handles;
mod refresh;
mod scopes;
mod started_requests;
mod stray_redirects;
mod token_store;
mod waiting_call;
