//! Servers that are programs or open descriptors.

mod malformed_input;
mod messages;
mod open_descriptors;
mod probe;
mod process;
mod restarts;
mod server_messages;
mod standard_error;
