//! What arrives from the server, on every carrier: taken apart once, judged by
//! one table, and routed by one router.

pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod router;
pub(crate) mod server_request;
