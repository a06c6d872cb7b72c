//! Bytes there and back. Knows neither revisions nor methods.

pub(crate) mod address_policy;
pub(crate) mod background;
pub(crate) mod connection;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod http;
pub(crate) mod lines;
pub(crate) mod link;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod resolve;
pub(crate) mod secured;
pub(crate) mod socket;
pub(crate) mod source;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod tls;
pub(crate) mod trace;
pub(crate) mod tunnel;
pub(crate) mod wait;
