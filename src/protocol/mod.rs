//! The rules of the MCP specification, without I/O.
//!
//! The revisions form two groups with a wire dialect each: [`handshake`] up to
//! 2025-11-25 and [`stateless`] from 2026-07-28 on. [`dialect`] is the trait
//! that both implement. [`negotiation`] chooses one of them.

pub(crate) mod accepted;
pub(crate) mod call;
pub(crate) mod call_machine;
pub(crate) mod capability;
pub(crate) mod dialect;
pub(crate) mod elicitation_form;
pub(crate) mod error_code;
pub(crate) mod extension;
pub(crate) mod handshake;
pub(crate) mod header_params;
pub(crate) mod http_status;
pub(crate) mod identity;
pub(crate) mod input_request;
pub(crate) mod input_required;
pub(crate) mod item;
pub(crate) mod negotiation;
pub(crate) mod notification;
pub(crate) mod outgoing;
pub(crate) mod payload;
pub(crate) mod progress_reader;
pub(crate) mod request_meta;
pub(crate) mod revision;
pub(crate) mod routing;
pub(crate) mod schema;
pub(crate) mod server_info;
pub(crate) mod session_loss;
pub(crate) mod skill;
pub(crate) mod stateless;
pub(crate) mod subscription;
pub(crate) mod task;
pub(crate) mod tool_schema;
