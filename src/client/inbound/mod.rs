pub(crate) mod progress;
pub(crate) mod router;
pub(crate) mod server_request;
