//! Limits on what a server can make the library keep or read, and what a faulty
//! text does.

mod hostile_servers;
mod inbound_faults;
mod queue_limits;
mod unusual_messages;
