pub(crate) mod close;
pub(crate) mod connect;
pub(crate) mod exchange;
pub(crate) mod listening;
pub(crate) mod notify;
pub(crate) mod outbox;
pub(crate) mod respond;
pub(crate) mod transport;
mod verification;
