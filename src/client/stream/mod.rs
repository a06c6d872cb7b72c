pub(crate) mod between_calls;
pub(crate) mod post;
pub(crate) mod reader;
