//! OAuth 2.1: how a token is got, renewed and widened.

mod address;
mod answer;
mod authorize;
mod discovery;
mod document;
mod dpop;
mod form;
mod identity;
mod jwt;
mod listener;
mod pkce;
mod random;
mod registration;
mod reply;
mod resource;
mod scope;
mod server;
mod store;
mod words;
