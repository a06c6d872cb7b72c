pub(crate) mod notification_stream;
pub(crate) mod shared_stream;
pub(crate) mod subscriptions;
