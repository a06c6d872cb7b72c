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
            token: token?,
            progress: number(progress?)?,
            total: total.and_then(number),
            message: message.and_then(plain_text),
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

/// A text in quotes is no number, and null is none either.
fn number(raw: &str) -> Option<f64> {
    // Most are small and whole.
    match raw.parse::<u32>() {
        Ok(number) => Some(number.into()),
        Err(_) => raw.parse().ok(),
    }
}

/// The params of a message that is nothing but a notification of progress.
pub(crate) fn progress(text: &str, tape: &Tape) -> Option<Place> {
    let (mut version, mut method, mut params, mut has_other) = ("", "", None, false);
    tape.visit(text, 0, |name, value| match name {
        b"jsonrpc" => version = tape.text(text, value),
        b"method" => method = tape.text(text, value),
        b"params" => params = Some(value),
        b"id" | b"result" | b"error" => has_other = true,
        _ => {}
    });
    let is_it = version == "\"2.0\"" && method == "\"notifications/progress\"" && !has_other;
    params.filter(|_| is_it)
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
    fn knows_a_message_that_is_progress() {
        let place = |text: &str| {
            let tape = Tape::read(text, 2).unwrap();
            progress(text, &tape).map(|params| tape.text(text, params).to_owned())
        };
        let text = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"a":1}}"#;
        assert_eq!(place(text).unwrap(), r#"{"a":1}"#);
        for (from, to) in [
            ("progress", "message"),
            ("2.0", "1.0"),
            ("}}", "},\"id\":1}"),
            ("}}", "},\"result\":{}}"),
            ("params", "params_"),
        ] {
            assert_eq!(place(&text.replace(from, to)), None, "{to}");
        }
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
