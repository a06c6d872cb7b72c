//! The parameters that every step of a call needs.

use std::sync::Arc;

use crate::client::core::client::Client;
use crate::client::options::Options;
use crate::transport::wait::Wait;

/// The client, its options at the begin of the call, and the wait that limits
/// the call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ctx<'a> {
    pub(crate) client: &'a Arc<Client>,
    pub(crate) options: &'a Arc<Options>,
    pub(crate) wait: &'a Wait,
}

impl<'a> Ctx<'a> {
    pub(crate) fn new(client: &'a Arc<Client>, options: &'a Arc<Options>, wait: &'a Wait) -> Self {
        Self { client, options, wait }
    }

    /// Returns the same context without the headers of one request.
    pub(crate) fn to_connect(self) -> Self {
        Self { options: self.options.to_connect(), ..self }
    }

    /// Returns the same context with another wait.
    pub(crate) fn within<'b>(self, wait: &'b Wait) -> Ctx<'b>
    where
        'a: 'b,
    {
        Ctx { client: self.client, options: self.options, wait }
    }
}
