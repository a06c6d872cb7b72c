//! The rules of the RFCs: no I/O, no clock, no state.

pub(crate) mod authorization_request;
pub(crate) mod authorization_response;
pub(crate) mod client_choice;
pub(crate) mod consent;
pub(crate) mod digest;
pub(crate) mod dpop;
pub(crate) mod endpoint_response;
pub(crate) mod json_document;
pub(crate) mod jwt;
pub(crate) mod key;
pub(crate) mod metadata;
pub(crate) mod pkce;
pub(crate) mod provider_profile;
pub(crate) mod redact;
pub(crate) mod redirect;
pub(crate) mod refresh_refusal;
pub(crate) mod refusal_advice;
pub(crate) mod registration;
pub(crate) mod request_edits;
pub(crate) mod resource_metadata;
pub(crate) mod scope;
pub(crate) mod server_metadata;
pub(crate) mod stray_redirect;
pub(crate) mod token_request;
pub(crate) mod token_response;
pub(crate) mod url_rules;
