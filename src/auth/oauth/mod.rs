//! OAuth 2.1: how a token is got, renewed and widened.

mod answer;
mod authorize;
mod discovery;
mod dpop;
mod identity;
mod jwt;
mod listener;
mod pkce;
mod random;
mod scope;
mod store;
