pub(crate) mod credentials;
pub(crate) mod http_error;
pub(crate) mod listen;
pub(crate) mod message;
pub(crate) mod post;
pub(crate) mod request;
