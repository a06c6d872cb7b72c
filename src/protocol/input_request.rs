//! The requests of the server that the application answers: elicitation,
//! sampling, roots.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::elicitation_form;
use crate::protocol::error_code::{
    INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, REJECTED, SERVER_ERROR,
};
use crate::wire::json_members::{self, MemberWriter};
use crate::wire::object::Members;

/// The kinds, with the numbers of the public header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum InputKind {
    Form = 1,
    Url = 2,
    Sampling = 4,
    Roots = 16,
}

/// A request for input, as the server sent it.
#[derive(Clone, Debug)]
pub(crate) struct InputRequest {
    pub(crate) kind: InputKind,
    /// A JSON object as text.
    pub(crate) params: String,
}

/// A JSON-RPC error with which the library refuses a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i32,
    pub(crate) message: &'static str,
}

/// Too many input requests are open.
pub(crate) const TOO_MANY: Refusal =
    Refusal { code: SERVER_ERROR, message: "Too many input requests are open" };

/// The input request arrived inside too many nested input handlers.
pub(crate) const TOO_DEEP: Refusal =
    Refusal { code: INTERNAL_ERROR, message: "Input requests are nested too deeply" };

/// The answer, in either dialect.
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
    /// Reads a request of the server. The library refuses a request whose
    /// capability the client did not declare.
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

    /// A parameter as JSON text.
    pub(crate) fn part(&self, name: &str) -> Option<String> {
        self.members().get(name).map(|value| value.get().to_owned())
    }

    /// The answer of a person who accepted: the content of the form, or nothing
    /// for a page. The defaults of the schema are added.
    pub(crate) fn accept(&self, content: Option<&str>) -> Result<InputResponse> {
        match (self.kind, content) {
            (InputKind::Form, content) => {
                let schema = self.part("requestedSchema").unwrap_or_else(|| "{}".to_owned());
                let content = elicitation_form::fill(&schema, content.unwrap_or("{}"))?;
                Ok(InputResponse::Result(json_members::object(|json| {
                    json.string("action", "accept");
                    json.json("content", &content);
                })))
            }
            (InputKind::Url, None) => Ok(action("accept")),
            (InputKind::Url, Some(_)) => {
                Err(Error::argument("content_json is given for a page, which has none: pass NULL"))
            }
            (InputKind::Sampling | InputKind::Roots, _) => Err(Error::argument(
                "an input request of this kind cannot be accepted: use mcp_input_reply_json()",
            )),
        }
    }

    /// The answer of a person who declined, or who made no choice.
    pub(crate) fn refuse(&self, is_choice: bool) -> InputResponse {
        match self.kind {
            InputKind::Form | InputKind::Url => {
                action(if is_choice { "decline" } else { "cancel" })
            }
            InputKind::Sampling | InputKind::Roots => {
                let message = "User rejected the request".to_owned();
                InputResponse::Error { code: REJECTED, message }
            }
        }
    }

    /// A result that the application wrote.
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
    /// The result of `roots/list`; `roots` is a JSON array.
    pub(crate) fn roots(roots: &str) -> Self {
        Self::Result(json_members::object(|json| json.json("roots", roots)))
    }

    /// The same with the task that the request belongs to. The answer has to
    /// name it as well.
    pub(crate) fn related_to(self, params: &str) -> Self {
        let asked = Members::parse(params).unwrap_or_default();
        let asked = asked.get("_meta").and_then(|meta| Members::parse(meta.get()).ok());
        let task = asked.as_ref().and_then(|meta| meta.get(RELATED_TASK));
        let (Some(task), Self::Result(result)) = (task, &self) else { return self };
        let members = Members::parse(result).unwrap_or_default().0;
        let is_meta = |member: &&(Cow<'_, str>, &RawValue)| member.0 == "_meta";
        Self::Result(json_members::object(|json| {
            for (name, value) in members.iter().filter(|member| !is_meta(member)) {
                json.named(name, value.get());
            }
            json.object("_meta", |json| {
                for (_, meta) in members.iter().filter(is_meta) {
                    for (name, value) in Members::parse(meta.get()).unwrap_or_default().0 {
                        json.named(&name, value.get());
                    }
                }
                json.json(RELATED_TASK, task.get());
            });
        }))
    }

    /// Writes the member of the response.
    pub(crate) fn write(&self, json: &mut MemberWriter<'_>) {
        match self {
            Self::Result(result) => json.json("result", result),
            Self::Error { code, message } => json.object("error", |json| {
                json.integer("code", (*code).into());
                json.string("message", message);
            }),
        }
    }
}

fn action(name: &str) -> InputResponse {
    InputResponse::Result(json_members::object(|json| json.string("action", name)))
}

/// The member of `_meta` that names the task of a request (2025-11-25).
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

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

    /// The member of the response.
    fn member(answered: &InputResponse) -> String {
        let text = json_members::object(|json| answered.write(json));
        text[1..text.len() - 1].to_owned()
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
    fn refuses_requests_whose_capability_was_not_declared() {
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
    fn names_the_task_of_an_answer() {
        let params = r#"{"a":1,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#;
        let related = |result: &str, params: &str| {
            member(&InputResponse::Result(result.to_owned()).related_to(params))
        };
        assert_eq!(
            related(r#"{"x":1.50,"_meta":{"k":1}}"#, params),
            r#""result":{"x":1.50,"_meta":{"k":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#
        );
        assert_eq!(related(r#"{"x":1}"#, r#"{"_meta":{}}"#), r#""result":{"x":1}"#);
        assert_eq!(related(r#"{"x":1}"#, "{}"), r#""result":{"x":1}"#);
    }

    #[test]
    fn writes_answers_as_the_specification_does() {
        let form = asked("elicitation/create", "{}", &all()).unwrap();
        assert_eq!(
            member(&form.accept(Some("{}")).unwrap()),
            r#""result":{"action":"accept","content":{}}"#
        );
        assert_eq!(member(&form.refuse(true)), r#""result":{"action":"decline"}"#);
        assert_eq!(member(&form.refuse(false)), r#""result":{"action":"cancel"}"#);
        let sampling = asked("sampling/createMessage", "{}", &all()).unwrap();
        assert!(member(&sampling.refuse(true)).starts_with("\"error\":{\"code\":-1,"));
        assert!(sampling.accept(None).is_err());
        assert!(sampling.reply(r#"{"role":"assistant","model":"m"}"#).is_err());
        assert!(sampling.reply(r#"{"role":"assistant","model":"m","content":{}}"#).is_ok());
        let url = asked("elicitation/create", r#"{"mode":"url"}"#, &all()).unwrap();
        assert!(url.accept(Some("{}")).is_err());
        assert_eq!(member(&url.accept(None).unwrap()), r#""result":{"action":"accept"}"#);
    }
}
