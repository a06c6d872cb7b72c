//! Notifications of the server: what they are about.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::wire::jsonrpc::{plain_text, push_string};
use crate::wire::object::Members;
use crate::wire::tape::{Place, Tape};

/// The kinds of the public header, which adds them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Kind {
    ToolsChanged = 1,
    PromptsChanged = 2,
    ResourcesChanged = 4,
    ResourceUpdated = 8,
    Log = 16,
    ElicitationComplete = 32,
    TaskStatus = 64,
    Listening = 128,
    Other = 256,
    Cancelled = 512,
    /// The library's own: the stream that was listened to is gone for good.
    Silent = 1024,
}

impl Kind {
    pub(crate) fn of(method: &str) -> Self {
        match method {
            "notifications/tools/list_changed" => Self::ToolsChanged,
            "notifications/prompts/list_changed" => Self::PromptsChanged,
            "notifications/resources/list_changed" => Self::ResourcesChanged,
            "notifications/resources/updated" => Self::ResourceUpdated,
            "notifications/message" => Self::Log,
            "notifications/elicitation/complete" => Self::ElicitationComplete,
            "notifications/tasks/status" | "notifications/tasks" => Self::TaskStatus,
            CANCELLED => Self::Cancelled,
            _ => Self::Other,
        }
    }
}

/// The levels of log messages (RFC 5424), by the numbers of the public header.
pub(crate) const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

pub(crate) const PROGRESS: &str = "notifications/progress";
pub(crate) const CANCELLED: &str = "notifications/cancelled";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
pub(crate) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// How far a request is.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    token: &'a str,
    pub(crate) progress: f64,
    pub(crate) total: Option<f64>,
    pub(crate) message: Option<Cow<'a, str>>,
}

impl<'a> Progress<'a> {
    /// The params of a notification, if they are well-formed.
    pub(crate) fn parse(params: Option<&'a str>) -> Option<Self> {
        let params = params?;
        Self::read(params, &Tape::read(params, 1).ok()?, 0)
    }

    /// The same of params that stand at a place of a message.
    pub(crate) fn read(text: &'a str, tape: &Tape, params: Place) -> Option<Self> {
        let member = |name| tape.member(text, params, name).map(|place| tape.text(text, place));
        // A text in quotes is no number, and null is none either.
        let number = |raw: &str| raw.parse::<f64>().ok();
        Some(Self {
            token: member("progressToken")?,
            progress: number(member("progress")?)?,
            total: member("total").and_then(number),
            message: member("message").and_then(plain_text),
        })
    }

    /// The request it is about: tokens of ours are the ids of requests.
    pub(crate) fn id(&self) -> Option<i64> {
        self.token.parse().ok()
    }
}

/// What says that a request is given up.
pub(crate) fn cancellation(id: i64, reason: &str) -> String {
    let mut params = format!("{{\"requestId\":{id},\"reason\":");
    push_string(&mut params, reason);
    params.push('}');
    params
}

/// The request that the server does not want answered any more, as raw JSON.
pub(crate) fn cancelled(params: &str) -> Option<&str> {
    Members::parse(params).ok()?.get("requestId").map(RawValue::get)
}

/// The stream of notifications that one belongs to, where several share a
/// connection: the id of the request that began it.
pub(crate) fn subscription(params: &str) -> Option<i64> {
    let meta = Members::parse(params).ok()?.get("_meta")?;
    let id = Members::parse(meta.get()).ok()?.get(SUBSCRIPTION)?;
    id.get().parse().ok()
}

/// The question whose page was visited.
pub(crate) fn elicitation(params: &str) -> Option<String> {
    Members::parse(params).ok()?.string("elicitationId")
}

/// The resource that has changed.
pub(crate) fn uri(params: &str) -> Option<String> {
    Members::parse(params).ok()?.string("uri")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_progress_with_and_without_its_options() {
        let params = r#"{"progressToken":7,"progress":1.5,"total":3,"message":"a\nb","x":1}"#;
        let progress = Progress::parse(Some(params)).unwrap();
        assert_eq!((progress.id(), progress.progress, progress.total), (Some(7), 1.5, Some(3.0)));
        assert_eq!(progress.message.as_deref(), Some("a\nb"));
        let params = r#"{"progressToken":"7","progress":1}"#;
        assert_eq!(Progress::parse(Some(params)).unwrap().id(), None);
        assert!(Progress::parse(Some("[]")).is_none() && Progress::parse(None).is_none());
    }

    #[test]
    fn knows_the_kinds() {
        assert_eq!(Kind::of("notifications/tools/list_changed") as i32, 1);
        assert_eq!(Kind::of("notifications/message") as i32, 16);
        assert_eq!(Kind::of("notifications/x"), Kind::Other);
        let params = r#"{"requestId":"a"}"#;
        assert_eq!(cancelled(params).unwrap(), "\"a\"");
        let params = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#;
        assert_eq!((subscription(params), subscription("{}")), (Some(7), None));
    }
}
