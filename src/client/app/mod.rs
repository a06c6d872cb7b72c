pub(crate) mod dispatch;
pub(crate) mod forget_session;
pub(crate) mod input_round;
pub(crate) mod outbox;
