//! The difference between the groups of revisions.
//!
//! The groups differ in the first message of a connection, in the members that
//! each request carries and in the meaning of results. The layers above ask a
//! [`Dialect`] and never compare revisions.

use std::fmt;

use crate::base::error::Result;
use crate::protocol::call::Call;
use crate::protocol::input_request::InputResponse;
use crate::protocol::input_required::InputRequired;
use crate::protocol::outgoing::{Headers, Outgoing};
use crate::protocol::request_meta::RequestMeta;
use crate::protocol::revision::Revision;
use crate::protocol::subscription::{Interest, NotificationRequest};
use crate::protocol::task::{Task, Tasks};
use crate::wire::jsonrpc::Answer;

/// What a result means for the call.
#[derive(Debug)]
pub(crate) enum Interpretation {
    Complete,
    /// The server needs input before it can complete the call.
    InputRequired(InputRequired),
    /// The server runs the call as a task.
    Task(Task),
}

/// A group of revisions that write and read messages alike.
pub(crate) trait Dialect: Send + Sync {
    /// The request for a call.
    fn request(&self, call: &Call, meta: &RequestMeta<'_>) -> Result<Outgoing>;

    fn notification(&self, call: &Call) -> Outgoing;

    /// What a result means for a call.
    fn interpret(&self, call: &Call, answer: &Answer) -> Result<Interpretation>;

    /// The revision that both sides speak, or that the client proposes.
    fn revision(&self) -> Revision;

    /// Whether the server may send requests.
    fn has_requests(&self) -> bool;

    /// The response to a request of the server. `None`: the dialect has no
    /// requests of the server, and no response is sent.
    fn response(&self, id: &str, answered: &InputResponse) -> Option<Outgoing>;

    /// The message that cancels a request. `None`: the client cancels by
    /// closing the response's stream. `is_shared`: the response comes on a
    /// stream that other requests use too, so that it cannot be closed.
    fn cancel(&self, id: i64, reason: &str, is_shared: bool) -> Option<Outgoing>;

    /// The request that opens the notification stream. `last_event_id`: the
    /// place from which a stream that broke continues.
    fn notification_request(
        &self,
        interest: &Interest,
        last_event_id: Option<&str>,
    ) -> NotificationRequest;

    /// The headers of the GET that resumes the broken event stream of a
    /// response. `None`: the dialect does not resume.
    fn resume(&self, last_event_id: &str) -> Option<Headers>;

    /// The call that sets the level of log messages. `None`: the level goes
    /// with each request.
    fn set_log_level(&self, level: &str) -> Option<Call>;

    /// The call that subscribes to a resource, or ends the subscription.
    /// `None`: the request that opens the notification stream names the
    /// resources.
    fn subscribe(&self, uri: &str, on: bool) -> Option<Call>;

    /// The form of tasks. `None`: the dialect has no tasks.
    fn tasks(&self) -> Option<Tasks>;

    /// Whether arguments of tools go into headers (`x-mcp-header`).
    fn has_header_params(&self) -> bool;

    /// The headers of the DELETE that ends the session. `None`: there is no
    /// session to end.
    fn end(&self) -> Option<Headers>;

    /// The id of the session, which logs and errors must not show.
    fn session_id(&self) -> Option<&str>;
}

// Not a supertrait: the linker would keep the `Debug` of every field of every
// implementor.
impl fmt::Debug for dyn Dialect + '_ {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dialect")
    }
}
