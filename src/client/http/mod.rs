pub(crate) mod credentials;
pub(crate) mod http_error;
pub(crate) mod message;
pub(crate) mod post;
pub(crate) mod reply;
pub(crate) mod request;
