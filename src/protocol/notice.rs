//! Notifications of the server: what they are about.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::wire::object::Members;

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
    Listening = 128,
    Other = 256,
    Cancelled = 512,
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
pub(crate) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// How far a request is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress<'a> {
    #[serde(borrow)]
    progress_token: &'a RawValue,
    pub(crate) progress: f64,
    #[serde(default)]
    pub(crate) total: Option<f64>,
    #[serde(borrow, default)]
    pub(crate) message: Option<Cow<'a, str>>,
}

impl<'a> Progress<'a> {
    /// The params of a notification, if they are well-formed.
    pub(crate) fn parse(params: Option<&'a str>) -> Option<Self> {
        serde_json::from_str(params?).ok()
    }

    /// The request it is about: tokens of ours are the ids of requests.
    pub(crate) fn id(&self) -> Option<i64> {
        self.progress_token.get().parse().ok()
    }
}

/// The request that the server does not want answered any more, as raw JSON.
pub(crate) fn cancelled(params: &str) -> Option<&str> {
    Members::parse(params).ok()?.get("requestId").map(RawValue::get)
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
    }
}
