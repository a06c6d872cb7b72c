//! The names of the extensions that the library knows.

/// The server may run calls as tasks (2026-07-28).
pub(crate) const TASKS: &str = "io.modelcontextprotocol/tasks";

/// SEP-2640.
pub(crate) const SKILLS: &str = "io.modelcontextprotocol/skills";
