pub(crate) mod progress;
