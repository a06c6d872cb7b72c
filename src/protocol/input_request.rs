//! What a server asks a program: elicitation, sampling, roots.

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::call::{PREFIX, push_member};
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::elicitation_form;
use crate::protocol::error_code::{
    INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, REJECTED, SERVER_ERROR,
};
use crate::wire::jsonrpc::push_string;
use crate::wire::object::Members;

/// The kinds of the public header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum InputKind {
    Form = 1,
    Url = 2,
    Sampling = 4,
    Roots = 16,
}

/// A question, as it came.
#[derive(Clone, Debug)]
pub(crate) struct InputRequest {
    pub(crate) kind: InputKind,
    /// A JSON object as text.
    pub(crate) params: String,
}

/// Why a question is refused without asking anybody: a JSON-RPC error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) message: &'static str,
}

/// More are open than the program can be expected to answer.
pub(crate) const TOO_MANY: Refusal =
    Refusal { code: SERVER_ERROR, message: "Too many questions are open" };

/// It came while the answers to others are worked on, each inside the other.
pub(crate) const TOO_DEEP: Refusal =
    Refusal { code: INTERNAL_ERROR, message: "Questions are nested too deeply" };

/// What was answered, in either dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputResponse {
    /// A result as JSON text.
    Result(String),
    Error {
        code: i32,
        message: String,
    },
}

impl InputRequest {
    /// Reads a request of the server; one that was not declared is refused.
    pub(crate) fn recognise(
        method: &str,
        params: Option<&str>,
        declared: &ClientCapabilities,
    ) -> std::result::Result<Self, Refusal> {
        let text = params.unwrap_or("{}");
        let invalid = |message| Refusal { code: INVALID_PARAMS, message };
        let members = Members::parse(text).map_err(|_| invalid("Invalid params: not an object"))?;
        let unknown = Refusal { code: METHOD_NOT_FOUND, message: "Method not found" };
        let kind = match method {
            "elicitation/create" if declared.form || declared.url => {
                match members.string("mode").as_deref() {
                    None | Some("form") if declared.form => InputKind::Form,
                    Some("url") if declared.url => InputKind::Url,
                    _ => return Err(invalid("Elicitation mode not supported")),
                }
            }
            "sampling/createMessage" if declared.sampling => {
                let uses_tools =
                    members.get("tools").is_some() || members.get("toolChoice").is_some();
                if uses_tools && !declared.sampling_tools {
                    return Err(invalid("Sampling with tools not supported"));
                }
                InputKind::Sampling
            }
            "roots/list" if declared.roots => InputKind::Roots,
            _ => return Err(unknown),
        };
        Ok(Self { kind, params: text.to_owned() })
    }

    fn members(&self) -> Members<'_> {
        Members::parse(&self.params).unwrap_or_default()
    }

    pub(crate) fn string(&self, name: &str) -> Option<String> {
        self.members().string(name)
    }

    /// A part as raw JSON.
    pub(crate) fn part(&self, name: &str) -> Option<String> {
        self.members().get(name).map(|value| value.get().to_owned())
    }

    /// The answer of a person who agreed: the filled form, or nothing for a
    /// page. What is missing is filled in from the schema.
    pub(crate) fn accept(&self, content: Option<&str>) -> Result<InputResponse> {
        match (self.kind, content) {
            (InputKind::Form, content) => {
                let schema = self.part("requestedSchema").unwrap_or_else(|| "{}".to_owned());
                let content = elicitation_form::fill(&schema, content.unwrap_or("{}"))?;
                Ok(InputResponse::Result(format!(
                    "{{\"action\":\"accept\",\"content\":{content}}}"
                )))
            }
            (InputKind::Url, None) => {
                Ok(InputResponse::Result("{\"action\":\"accept\"}".to_owned()))
            }
            (InputKind::Url, Some(_)) => {
                Err(Error::argument("content_json is given for a page, which has none: pass NULL"))
            }
            (InputKind::Sampling | InputKind::Roots, _) => Err(Error::argument(
                "this question is not answered by accepting: use mcp_input_reply_json()",
            )),
        }
    }

    /// The answer of a person who said no, or who made no choice.
    pub(crate) fn refuse(&self, is_choice: bool) -> InputResponse {
        match self.kind {
            InputKind::Form | InputKind::Url => {
                let action = if is_choice { "decline" } else { "cancel" };
                InputResponse::Result(format!("{{\"action\":\"{action}\"}}"))
            }
            InputKind::Sampling | InputKind::Roots => {
                let message = "User rejected the request".to_owned();
                InputResponse::Error { code: REJECTED, message }
            }
        }
    }

    /// An answer that the program has written whole.
    pub(crate) fn reply(&self, result: &str) -> Result<InputResponse> {
        let members = Members::parse(result)
            .map_err(|error| Error::argument(format!("result_json is no JSON object: {error}")))?;
        let has = |name: &str| members.get(name).is_some();
        let missing = match self.kind {
            InputKind::Form | InputKind::Url if !has("action") => "action",
            InputKind::Sampling if !has("role") => "role",
            InputKind::Sampling if !has("content") => "content",
            InputKind::Sampling if !has("model") => "model",
            InputKind::Roots if !has("roots") => "roots",
            InputKind::Form if members.string("action").as_deref() == Some("accept") => {
                return self.accept(members.get("content").map(RawValue::get));
            }
            _ => return Ok(InputResponse::Result(result.trim().to_owned())),
        };
        Err(Error::argument(format!("result_json lacks \"{}\"", quote(missing))))
    }
}

impl InputResponse {
    /// The same, with the task that the question says it belongs to: the
    /// answer has to say so as well.
    pub(crate) fn related_to(self, params: &str) -> Self {
        let name = format!("{PREFIX}related-task");
        let asked = Members::parse(params).unwrap_or_default();
        let asked = asked.get("_meta").and_then(|meta| Members::parse(meta.get()).ok());
        let task = asked.as_ref().and_then(|meta| meta.get(&name));
        let (Some(task), Self::Result(result)) = (task, &self) else { return self };
        let (mut out, mut meta) = (String::from("{"), String::from("{"));
        for (member, value) in Members::parse(result).unwrap_or_default().0 {
            if member != "_meta" {
                push_member(&mut out, &member, value.get());
                continue;
            }
            for (key, value) in Members::parse(value.get()).unwrap_or_default().0 {
                push_member(&mut meta, &key, value.get());
            }
        }
        push_member(&mut meta, &name, task.get());
        meta.push('}');
        push_member(&mut out, "_meta", &meta);
        out.push('}');
        Self::Result(out)
    }

    /// The member of a response that it is.
    pub(crate) fn member(&self) -> String {
        match self {
            Self::Result(result) => format!("\"result\":{result}"),
            Self::Error { code, message } => {
                let mut out = format!("\"error\":{{\"code\":{code},\"message\":");
                push_string(&mut out, message);
                out.push('}');
                out
            }
        }
    }
}

impl From<Refusal> for InputResponse {
    fn from(refusal: Refusal) -> Self {
        Self::Error { code: refusal.code, message: refusal.message.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(
        method: &str,
        params: &str,
        declared: &ClientCapabilities,
    ) -> std::result::Result<InputRequest, i32> {
        InputRequest::recognise(method, Some(params), declared).map_err(|refusal| refusal.code)
    }

    fn all() -> ClientCapabilities {
        ClientCapabilities {
            form: true,
            url: true,
            sampling: true,
            roots: true,
            ..ClientCapabilities::default()
        }
    }

    #[test]
    fn refuses_what_was_not_declared() {
        let none = ClientCapabilities::default();
        for method in ["elicitation/create", "sampling/createMessage", "roots/list", "x"] {
            assert_eq!(asked(method, "{}", &none).unwrap_err(), METHOD_NOT_FOUND);
        }
        let form = ClientCapabilities { form: true, ..ClientCapabilities::default() };
        assert_eq!(asked("elicitation/create", "{}", &form).unwrap().kind, InputKind::Form);
        let url = r#"{"mode":"url"}"#;
        assert_eq!(asked("elicitation/create", url, &form).unwrap_err(), INVALID_PARAMS);
        assert_eq!(asked("elicitation/create", url, &all()).unwrap().kind, InputKind::Url);
        let tools = r#"{"tools":[]}"#;
        assert_eq!(asked("sampling/createMessage", tools, &all()).unwrap_err(), INVALID_PARAMS);
        assert_eq!(asked("roots/list", "[]", &all()).unwrap_err(), INVALID_PARAMS);
    }

    #[test]
    fn says_to_which_task_an_answer_belongs() {
        let params = r#"{"a":1,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
        let related = |result: &str, params: &str| {
            InputResponse::Result(result.to_owned()).related_to(params).member()
        };
        assert_eq!(
            related(r#"{"x":1.50,"_meta":{"k":1}}"#, params),
            r#""result":{"x":1.50,"_meta":{"k":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#
        );
        assert_eq!(related(r#"{"x":1}"#, r#"{"_meta":{}}"#), r#""result":{"x":1}"#);
        assert_eq!(related(r#"{"x":1}"#, "{}"), r#""result":{"x":1}"#);
    }

    #[test]
    fn answers_in_the_words_of_the_specification() {
        let form = asked("elicitation/create", "{}", &all()).unwrap();
        assert_eq!(
            form.accept(Some("{}")).unwrap().member(),
            r#""result":{"action":"accept","content":{}}"#
        );
        assert_eq!(form.refuse(true).member(), r#""result":{"action":"decline"}"#);
        assert_eq!(form.refuse(false).member(), r#""result":{"action":"cancel"}"#);
        let sampling = asked("sampling/createMessage", "{}", &all()).unwrap();
        assert!(sampling.refuse(true).member().starts_with("\"error\":{\"code\":-1,"));
        assert!(sampling.accept(None).is_err());
        assert!(sampling.reply(r#"{"role":"assistant","model":"m"}"#).is_err());
        assert!(sampling.reply(r#"{"role":"assistant","model":"m","content":{}}"#).is_ok());
        let url = asked("elicitation/create", r#"{"mode":"url"}"#, &all()).unwrap();
        assert!(url.accept(Some("{}")).is_err());
        assert_eq!(url.accept(None).unwrap().member(), r#""result":{"action":"accept"}"#);
    }
}
