//! Inbound messages of all carriers: one parser, one policy table, and one
//! router.

pub(crate) mod message;
pub(crate) mod notification;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod router;
pub(crate) mod server_request;
