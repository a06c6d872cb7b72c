//! Calls and requests: arguments, results, lists, timeouts, cancels and completion.

mod all_pages;
mod cancel_latency;
mod cancel_messages;
mod client_meta;
mod close_requests;
mod completed_requests;
mod done_callbacks;
mod lists;
mod output_schema;
mod payload;
mod progress;
mod request_handles;
mod response_cache;
mod results;
mod started_requests;
mod timeouts_and_cancels;
mod tools;
mod unknown_methods;
mod values;
mod wake_ups;
