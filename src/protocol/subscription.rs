//! The request that opens the notification stream.

use crate::protocol::call::Call;
use crate::protocol::outgoing::Headers;

/// How a dialect opens the notification stream.
#[derive(Debug)]
pub(crate) enum NotificationRequest {
    /// A GET with these headers.
    Get(Headers),
    /// A call whose response is the stream.
    Listen(Call),
}

/// The notifications that the application, or the library, wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) tools: bool,
    pub(crate) prompts: bool,
    pub(crate) resources: bool,
    /// The resources whose updates are wanted.
    pub(crate) uris: Vec<String>,
    /// The ids of the tasks whose status is wanted.
    pub(crate) tasks: Vec<String>,
}
