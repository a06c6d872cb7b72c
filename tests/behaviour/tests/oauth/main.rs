//! OAuth: discovery, registration, grants, tokens and their store.

mod authorization_responses;
mod client_authentication;
mod client_registration;
mod concurrent_calls;
mod consent;
mod dead_credentials;
mod device_grant;
mod discovery;
mod dpop;
mod errors;
mod forbidden_challenge;
mod given_endpoints;
mod grants;
mod handles;
mod issuer_pin;
mod memory;
mod metadata_places;
mod refresh;
mod request_parameters;
mod scopes;
mod started_requests;
mod stray_redirects;
mod token_store;
mod waiting_call;
