//! OAuth and the world outside: HTTP requests, the loopback listener, the browser,
//! files and variables with assertions, random bytes.

pub(crate) mod assertion;
pub(crate) mod browser;
pub(crate) mod http_client;
pub(crate) mod listener;
pub(crate) mod random;
