//! TODO
#[derive(Debug)]
pub(crate) struct Key;
