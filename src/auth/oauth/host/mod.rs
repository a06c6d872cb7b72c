//! What OAuth needs of the machine: HTTP requests, a loopback listener, the
//! browser, random bytes.

pub(crate) mod assertion;
pub(crate) mod browser;
pub(crate) mod http_client;
pub(crate) mod listener;
pub(crate) mod random;
