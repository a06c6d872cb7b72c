pub(crate) mod connect;
pub(crate) mod exchange;
pub(crate) mod transport;
