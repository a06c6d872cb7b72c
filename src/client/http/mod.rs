pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod reply;
pub(crate) mod request;
