//! Tools that run as tasks.

mod task_calls;
mod task_handles;
mod task_messages;
