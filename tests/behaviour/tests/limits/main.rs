//! Limits on what a server can make the library keep or read.

mod hostile_servers;
mod queue_limits;
