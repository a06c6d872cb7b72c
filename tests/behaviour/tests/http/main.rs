//! Streamable HTTP: requests, responses, errors, negotiation, recovery and TLS.

mod certificates;
mod compression;
mod cookies;
mod errors;
mod media_types;
mod negotiation;
mod probe;
mod recovery;
mod responses;
mod resumption;
mod sessions;
mod tls_and_proxies;
mod transport_choice;
