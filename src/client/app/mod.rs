pub(crate) mod dispatch;
pub(crate) mod request;
