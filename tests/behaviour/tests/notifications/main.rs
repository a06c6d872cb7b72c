//! Notifications, and the stream on which the server sends them between calls.

mod events;
mod notification_stream;
