//! Servers that are programs or open descriptors.

mod messages;
mod open_descriptors;
mod process;
mod restarts;
mod server_messages;
mod standard_error;
