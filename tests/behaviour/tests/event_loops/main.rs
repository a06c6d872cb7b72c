//! Clients in event loops: their state, the ways to wake a loop, and where
//! handlers run.

mod dispatch_only;
mod keepalive;
mod setters;
mod state;
mod wakeup;
mod without_waiting;
