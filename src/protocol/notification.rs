//! The notifications of the server.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::wire::json_members;
use crate::wire::json_number::own_id;
use crate::wire::json_string::plain_text;
use crate::wire::object::Members;
use crate::wire::tape::{Place, Tape};

/// The kinds, with the bits of the public header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum NotificationKind {
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
    /// The library itself sends this event: the notification stream has ended, and
    /// the library will not open it again.
    ListeningEnded = 1024,
    /// The library itself sends this event: what a sign-in that is under way has to
    /// tell the application.
    SignInNotice = 2048,
    /// The library itself sends this event: the state of the client has changed.
    State = 4096,
}

impl NotificationKind {
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

/// The levels of log messages (RFC 5424), in the order of the public header.
pub(crate) const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

pub(crate) const PROGRESS: &str = "notifications/progress";
pub(crate) const CANCELLED: &str = "notifications/cancelled";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
pub(crate) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// The progress of a request.
#[derive(Debug)]
pub(crate) struct ProgressParams<'a> {
    /// The id of the request that it is about: our tokens are ids.
    pub(crate) id: Option<i64>,
    pub(crate) progress: f64,
    pub(crate) total: Option<f64>,
    pub(crate) message: Option<Cow<'a, str>>,
}

impl<'a> ProgressParams<'a> {
    /// The params of a notification at a place of its message, if they are
    /// well-formed.
    pub(crate) fn read(text: &'a str, tape: &Tape, params: Place) -> Option<Self> {
        let (mut token, mut progress, mut total, mut message) = (None, None, None, None);
        tape.visit(text, params, |name, value| {
            let slot = match name {
                b"progressToken" => &mut token,
                b"progress" => &mut progress,
                b"total" => &mut total,
                b"message" => &mut message,
                _ => return,
            };
            *slot = Some(tape.text(text, value));
        });
        Some(Self {
            id: own_id(token?),
            progress: number(progress?)?,
            total: total.and_then(number),
            message: message.and_then(plain_text),
        })
    }

    /// The same with an owned message.
    pub(crate) fn into_owned(self) -> ProgressParams<'static> {
        let message = self.message.map(|message| Cow::Owned(message.into_owned()));
        ProgressParams { message, ..self }
    }
}

/// The parameters of the notification that cancels a request.
pub(crate) fn cancellation(id: i64, reason: &str) -> String {
    json_members::object(|json| {
        json.integer("requestId", id);
        json.string("reason", reason);
    })
}

/// Neither a text in quotes nor null is a number.
pub(crate) fn number(raw: &str) -> Option<f64> {
    // Most numbers are small and whole.
    match raw.parse::<u32>() {
        Ok(number) => Some(number.into()),
        Err(_) => raw.parse().ok(),
    }
}

/// The id, as JSON text, of the request that the server cancels.
pub(crate) fn cancelled(params: &str) -> Option<&str> {
    Members::parse(params).ok()?.get("requestId").map(RawValue::get)
}

/// The id of the `subscriptions/listen` that a notification belongs to. On a
/// shared connection there may be several.
pub(crate) fn subscription(params: &str) -> Option<i64> {
    let meta = Members::parse(params).ok()?.get("_meta")?;
    let id = Members::parse(meta.get()).ok()?.get(SUBSCRIPTION)?;
    own_id(id.get())
}

/// The elicitation whose page was visited.
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

    fn parse(params: &str) -> Option<ProgressParams<'_>> {
        ProgressParams::read(params, &Tape::read(params, 1).ok()?, 0)
    }

    #[test]
    fn reads_progress_with_and_without_optional_members() {
        let params = r#"{"progressToken":7,"progress":1.5,"total":3,"message":"a\nb","x":1}"#;
        let progress = parse(params).unwrap();
        assert_eq!((progress.id, progress.progress, progress.total), (Some(7), 1.5, Some(3.0)));
        assert_eq!(progress.message.as_deref(), Some("a\nb"));
        let params = r#"{"progressToken":"7","progress":1}"#;
        assert_eq!(parse(params).unwrap().id, Some(7));
        let params = r#"{"progressToken":"x","progress":1}"#;
        assert_eq!(parse(params).unwrap().id, None);
        assert!(parse("[]").is_none());
    }

    #[test]
    fn recognises_the_kinds() {
        assert_eq!(NotificationKind::of("notifications/tools/list_changed") as i32, 1);
        assert_eq!(NotificationKind::of("notifications/message") as i32, 16);
        assert_eq!(NotificationKind::of("notifications/x"), NotificationKind::Other);
        let params = r#"{"requestId":"a"}"#;
        assert_eq!(cancelled(params).unwrap(), "\"a\"");
        let params = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#;
        assert_eq!((subscription(params), subscription("{}")), (Some(7), None));
    }
}
