//! A message to the server, ready to be sent.

use std::borrow::Cow;

/// Names and values. Most of them are the same for every message, so that they
/// need no memory of their own.
pub(crate) type Headers = Vec<(Cow<'static, str>, Cow<'static, str>)>;

/// A JSON-RPC message and the HTTP headers that its dialect asks for.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}
