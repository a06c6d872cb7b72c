//! The application's handlers.

use std::fmt;
use std::sync::Arc;

use crate::client::core::event_queue::Event;
use crate::client::core::input_request::OpenInputRequest;

/// The handlers, and whether the input handler answers `roots/list`.
#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub(crate) event: Option<Arc<EventHandler>>,
    pub(crate) input: Option<Arc<InputHandler>>,
    pub(crate) asks_for_roots: bool,
}

pub(crate) type EventHandler = dyn Fn(&Event) + Send + Sync;
pub(crate) type InputHandler = dyn Fn(Arc<OpenInputRequest>) + Send + Sync;

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Handlers")
    }
}
