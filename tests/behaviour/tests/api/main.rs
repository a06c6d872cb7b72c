//! Promises of the header that hold for every transport.

mod callback_lifetimes;
mod config_files;
mod documented_rules;
mod invalid_arguments;
mod log_records;
mod null_arguments;
mod reentrancy;
mod same_over_each_transport;
mod started_operations;
mod token_requests;
mod uri_templates;
