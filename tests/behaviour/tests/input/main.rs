//! Requests for input: elicitation, sampling and roots.

mod elicitation_forms;
mod input_owner;
mod input_requests;
mod input_timeouts;
mod schema_references;
