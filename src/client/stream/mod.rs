pub(crate) mod reader;
pub(crate) mod shared_connection;
