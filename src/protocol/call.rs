//! A call of a method, before a dialect writes it as a request.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::routing;
use crate::wire::json_members::{self, MemberWriter};
use crate::wire::json_text::only_object;
use crate::wire::object::Members;

/// A method and its parameters, to which a dialect adds its own.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Cow<'static, str>,
    /// The value of the header `Mcp-Name`: the name of a tool, for example.
    pub(crate) name: Option<String>,
    /// The members of the parameters without braces, without `_meta` and without
    /// the arguments of a tool.
    pub(crate) members: String,
    /// The members that the application sets in `_meta`, without braces.
    pub(crate) meta: String,
    /// Whether it has the `context` of a completion, which older revisions do
    /// not have.
    pub(crate) has_context: bool,
    /// The arguments of a `tools/call`, which may be large.
    pub(crate) arguments: Option<Arc<str>>,
    /// Whether it is a request about tasks, or may run as a task.
    pub(crate) has_tasks: bool,
}

/// The prefix of the names that the specification reserves.
const PREFIX: &str = "io.modelcontextprotocol/";
/// The prefix of the methods about tasks.
const TASKS: &str = "tasks/";

impl Call {
    /// The call that checks the connection. Dialects write it differently.
    pub(crate) const fn ping() -> Self {
        Self {
            method: Cow::Borrowed("ping"),
            name: None,
            members: String::new(),
            meta: String::new(),
            has_context: false,
            arguments: None,
            has_tasks: false,
        }
    }

    /// Fails if the method's name is invalid, or if the parameters are not a
    /// JSON object.
    pub(crate) fn new(method: &str, params: Option<&str>) -> Result<Self> {
        check_method(method)?;
        if method == "initialize" || method.starts_with("notifications/") {
            return Err(Error::argument(format!(
                "method \"{method}\" is not a request that a program makes: connecting \
                 initializes, and a notification has no answer, see mcp_notify()"
            )));
        }
        Self::parse(method, params)
    }

    /// A notification of the application.
    pub(crate) fn notification(method: &str, params: Option<&str>) -> Result<Self> {
        check_method(method)?;
        Self::parse(method, params)
    }

    fn parse(method: &str, params: Option<&str>) -> Result<Self> {
        let mut call = Self::plain(method.to_owned().into(), String::new());
        let Some(params) = given(params) else { return Ok(call) };
        let parsed = object(params, "params_json")?;
        let is_tool = call.is_tool();
        for (name, value) in &parsed.0 {
            match &**name {
                "_meta" => call.set_meta(Some(value.get()))?,
                "arguments" if is_tool => {
                    // The last one counts, as for most readers of JSON.
                    if let Some(other) = call.arguments.replace(value.get().into()) {
                        call.writer().json("arguments", &other);
                    }
                }
                name => call.writer().named(name, value.get()),
            }
        }
        call.name = routing::name(method, &parsed);
        Ok(call)
    }

    fn plain(method: Cow<'static, str>, members: String) -> Self {
        let (name, arguments) = (None, None);
        let (has_context, has_tasks) = (false, method.starts_with(TASKS));
        let meta = String::new();
        Self { method, name, members, meta, has_context, arguments, has_tasks }
    }

    fn about(method: impl Into<Cow<'static, str>>, member: &'static str, value: &str) -> Self {
        let mut members = String::with_capacity(value.len() + 16);
        MemberWriter::members_of(&mut members).string(member, value);
        Self { name: Some(value.to_owned()), ..Self::plain(method.into(), members) }
    }

    pub(crate) fn tool(name: &str, arguments: Option<&str>) -> Result<Self> {
        let mut call = Self::about("tools/call", "name", name);
        if let Some(arguments) = given(arguments) {
            call.arguments = Some(checked_object(arguments, "arguments_json")?.into());
        }
        Ok(call)
    }

    pub(crate) fn prompt(name: &str, arguments: Option<&str>) -> Result<Self> {
        let mut call = Self::about("prompts/get", "name", name);
        if let Some(arguments) = given(arguments) {
            let members = object(arguments, "arguments_json")?;
            if let Some((name, _)) = members.0.iter().find(|(_, value)| !is_string(value)) {
                return Err(Error::argument(format!(
                    "arguments_json has a member \"{}\" that is not a string, as all \
                     arguments of a prompt are",
                    quote(name)
                )));
            }
            call.writer().json("arguments", arguments.trim());
        }
        Ok(call)
    }

    pub(crate) fn read(uri: &str) -> Self {
        Self::about("resources/read", "uri", uri)
    }

    pub(crate) fn subscribe(uri: &str, on: bool) -> Self {
        let method = if on { "resources/subscribe" } else { "resources/unsubscribe" };
        Self { name: None, ..Self::about(method, "uri", uri) }
    }

    /// A request about a task: "get", "result" or "cancel".
    pub(crate) fn task(what: &str, id: &str) -> Self {
        Self::about(format!("{TASKS}{what}"), "taskId", id)
    }

    /// Gives a task the input that it asked for. `responses` is a JSON object.
    pub(crate) fn update_task(id: &str, responses: &str) -> Self {
        let mut call = Self::task("update", id);
        call.writer().json("inputResponses", responses);
        call
    }

    pub(crate) fn complete(
        reference: &str,
        argument: &str,
        value: &str,
        context: Option<&str>,
    ) -> Result<Self> {
        let mut call = Self::plain("completion/complete".into(), String::new());
        let mut json = call.writer();
        json.json("ref", checked_object(reference, "reference_json")?);
        json.object("argument", |json| {
            json.string("name", argument);
            json.string("value", value);
        });
        if let Some(context) = given(context) {
            let members = object(context, "context_json")?;
            if !members.0.iter().all(|(_, value)| is_string(value)) {
                return Err(Error::argument("context_json has a member that is not a string"));
            }
            json.object("context", |json| json.json("arguments", context.trim()));
            call.has_context = true;
        }
        Ok(call)
    }

    /// A call of the library, whose parameters `write` writes.
    pub(crate) fn of(method: &'static str, write: impl FnOnce(&mut MemberWriter<'_>)) -> Self {
        let mut call = Self::plain(method.into(), String::new());
        write(&mut call.writer());
        call
    }

    /// Whether it requests one page of a list.
    pub(crate) fn has_cursor(&self) -> bool {
        let params = json_members::object(|json| json.members(&self.members));
        Members::parse(&params).is_ok_and(|params| params.get("cursor").is_some())
    }

    /// The same list from a cursor on. The cursor is JSON.
    pub(crate) fn at(&self, cursor: Option<&str>) -> Self {
        let mut call = self.clone();
        if let Some(cursor) = cursor {
            call.writer().json("cursor", cursor);
        }
        call
    }

    /// Replaces the members that the application sets in `_meta`.
    pub(crate) fn set_meta(&mut self, json: Option<&str>) -> Result<()> {
        let mut meta = String::new();
        if let Some(json) = json {
            for (name, value) in checked_meta(json, "_meta")? {
                MemberWriter::members_of(&mut meta).named(&name, &value);
            }
        }
        self.meta = meta;
        Ok(())
    }

    /// Adds to the parameters.
    pub(crate) fn writer(&mut self) -> MemberWriter<'_> {
        MemberWriter::members_of(&mut self.members)
    }

    pub(crate) fn write_method(&self, json: &mut MemberWriter<'_>) {
        match &self.method {
            // A name that the library chose.
            Cow::Borrowed(method) => json.plain_string("method", method),
            Cow::Owned(method) => json.string("method", method),
        }
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn is_ping(&self) -> bool {
        self.method == "ping"
    }

    pub(crate) fn is_tool(&self) -> bool {
        self.method == "tools/call"
    }

    /// The name of the tool that it calls.
    pub(crate) fn tool_name(&self) -> Option<&str> {
        if self.is_tool() { self.name.as_deref() } else { None }
    }

    /// Whether it is a request about a task, and not a call that may run as
    /// one.
    pub(crate) fn is_about_task(&self) -> bool {
        self.method.starts_with(TASKS)
    }

    /// Whether a second execution does no harm, so that the request may be sent
    /// again if it is unknown whether the server ran it.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(
            &*self.method,
            "ping"
                | "server/discover"
                | "initialize"
                | "tools/list"
                | "prompts/list"
                | "prompts/get"
                | "resources/list"
                | "resources/templates/list"
                | "resources/read"
                | "resources/subscribe"
                | "resources/unsubscribe"
                | "logging/setLevel"
                | "completion/complete"
                | "skills/list"
                | "tasks/get"
                | "tasks/result"
                | "tasks/update"
                | "tasks/cancel"
                | "tasks/list"
        )
    }
}

fn check_method(method: &str) -> Result<()> {
    if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::argument(
            "method is empty, or has a blank or a byte outside printable ASCII",
        ));
    }
    Ok(())
}

/// The names, without the prefix, that the library writes.
const OURS: [&str; 4] = ["protocolVersion", "clientCapabilities", "clientInfo", "logLevel"];

/// The members of a `_meta` of the application.
pub(crate) fn checked_meta(json: &str, what: &str) -> Result<Vec<(String, String)>> {
    let mut out = Vec::new();
    for (name, value) in object(json, what)?.0 {
        check_meta(&name, value)?;
        out.push((name.into_owned(), value.get().to_owned()));
    }
    Ok(out)
}

fn check_meta(name: &str, value: &RawValue) -> Result<()> {
    let is_ours =
        name == "progressToken" || OURS.iter().any(|ours| name.strip_prefix(PREFIX) == Some(ours));
    if is_ours {
        return Err(Error::argument(format!(
            "_meta has \"{}\", which the library sets",
            quote(name)
        )));
    }
    if !matches!(name, "traceparent" | "tracestate" | "baggage") {
        return Ok(());
    }
    let text: Option<String> = serde_json::from_str(value.get()).ok();
    let is_valid = text.is_some_and(|text| match name {
        "traceparent" => is_traceparent(&text),
        _ => text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)),
    });
    if is_valid {
        return Ok(());
    }
    Err(Error::argument(format!(
        "_meta has a {name} that is not as W3C Trace Context writes it, such as \
         \"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\""
    )))
}

/// Version, trace id, parent id and flags, in lower case and not all zero.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is_hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
    match parts.as_slice() {
        [version, trace, parent, flags, ..] => {
            is_hex(version, 2)
                && *version != "ff"
                && (parts.len() == 4 || *version != "00")
                && is_hex(trace, 32)
                && !is_zero(trace)
                && is_hex(parent, 16)
                && !is_zero(parent)
                && is_hex(flags, 2)
        }
        _ => false,
    }
}

/// JSON that may be absent. An empty text is absent as well.
pub(crate) fn given(json: Option<&str>) -> Option<&str> {
    json.filter(|json| !json.is_empty())
}

fn object<'a>(text: &'a str, name: &str) -> Result<Members<'a>> {
    Members::parse(text)
        .map_err(|error| Error::argument(format!("{name} is not a JSON object: {error}")))
}

/// The text of an object, without the blanks around it.
pub(crate) fn checked_object<'a>(text: &'a str, name: &str) -> Result<&'a str> {
    if let Some(object) = only_object(text) {
        return Ok(object);
    }
    // This parser says by line and column what is wrong.
    let value = serde_json::from_str::<&RawValue>(text)
        .map_err(|error| Error::argument(format!("{name} is not JSON: {error}")))?
        .get();
    if value.starts_with('{') {
        return Ok(value);
    }
    Err(Error::argument(format!("{name} is JSON, but not an object")))
}

fn is_string(value: &RawValue) -> bool {
    value.get().starts_with('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_methods_and_params_that_an_application_may_not_send() {
        for (method, params) in [
            ("", None),
            ("a b", None),
            ("tools/call\r\nX: y", None),
            ("initialize", None),
            ("notifications/x", None),
            ("tools/call", Some("[]")),
            ("tools/call", Some("{")),
            ("tools/call", Some("{} {}")),
            ("tools/call", Some(r#"{"_meta":[]}"#)),
            ("tools/list", Some(r#"{"_meta":{"progressToken":1}}"#)),
            ("tools/list", Some(r#"{"_meta":{"io.modelcontextprotocol/logLevel":"info"}}"#)),
        ] {
            assert!(Call::new(method, params).is_err(), "{method} {params:?}");
        }
        for arguments in [" ", "[]", "1", "{", "{}x", "null"] {
            assert!(Call::tool("t", Some(arguments)).is_err(), "{arguments}");
            assert!(Call::prompt("t", Some(arguments)).is_err(), "{arguments}");
        }
        assert!(Call::prompt("t", Some(r#"{"a":1}"#)).is_err());
        assert!(Call::complete("{}", "a", "b", Some(r#"{"a":1}"#)).is_err());
        assert!(Call::complete("[]", "a", "b", None).is_err());
    }

    #[test]
    fn takes_the_objects_that_serde_json_takes() {
        let whole =
            " \n{\"a\": [1.5e-3, {\"b\\n\": \"\\ud83d\\ude00 é\"}], \"c\": [true, null, {}]}\t ";
        let deep = format!("{}{{}}{}", "{\"a\":[".repeat(300), "]}".repeat(300));
        let cut = (0..=whole.len()).filter_map(|end| whole.get(..end));
        let others =
            ["{}", "{} {}", "{},", "{a:1}", "{\"a\":01}", "[{}]", "{\"a\":1,}", "\u{a0}{}", &deep];
        for text in cut.chain(others) {
            let parsed = serde_json::from_str::<&RawValue>(text).ok().map(RawValue::get);
            let expected = parsed.filter(|value| value.starts_with('{'));
            assert_eq!(checked_object(text, "x").ok(), expected, "{text}");
        }
    }

    #[test]
    fn takes_an_empty_text_for_an_absent_one() {
        let members = |call: Result<Call>| {
            let call = call.unwrap();
            (call.members, call.arguments)
        };
        assert_eq!(members(Call::tool("t", Some(""))), members(Call::tool("t", None)));
        assert_eq!(members(Call::prompt("t", Some(""))), members(Call::prompt("t", None)));
        assert_eq!(members(Call::new("tools/list", Some(""))), (String::new(), None));
        assert_eq!(members(Call::notification("a/b", Some(""))), (String::new(), None));
        let complete = |context| members(Call::complete("{}", "a", "b", context));
        assert_eq!(complete(Some("")), complete(None));
    }

    #[test]
    fn keeps_values_as_they_are_written() {
        let params = r#"{"name":"x","_meta":{"a":1e2},"arguments":{"b":1.50}}"#;
        let call = Call::new("tools/call", Some(params)).unwrap();
        assert_eq!(call.members, r#""name":"x""#);
        assert_eq!(call.arguments.as_deref(), Some(r#"{"b":1.50}"#));
        assert_eq!(call.meta, "\"a\":1e2");
        assert_eq!(call.name.as_deref(), Some("x"));
        let call = Call::tool("x", Some(" {\"b\":1.50} ")).unwrap();
        assert_eq!(call.members, r#""name":"x""#);
        assert_eq!(call.arguments.as_deref(), Some(r#"{"b":1.50}"#));
        let call = Call::complete(r#"{"type":"ref/prompt"}"#, "a", "b\"", Some("{}")).unwrap();
        assert_eq!(
            call.members,
            r#""ref":{"type":"ref/prompt"},"argument":{"name":"a","value":"b\""},"context":{"arguments":{}}"#
        );
        assert_eq!(
            Call::new("tools/list", None).unwrap().at(Some("\"\"")).members,
            r#""cursor":"""#
        );
    }

    #[test]
    fn takes_a_trace_context_only_as_it_is_specified() {
        let with = |name: &str, value: &str| {
            let mut call = Call::ping();
            call.set_meta(Some(&format!("{{\"{name}\":\"{value}\"}}")))
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(with("traceparent", &format!("00-{trace}")).is_ok());
        assert!(with("tracestate", "a=1,b=2").is_ok());
        for value in ["", "00", &format!("00-{}", trace.to_uppercase()), &format!("00-{trace}-x")] {
            assert!(with("traceparent", value).is_err(), "{value}");
        }
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        assert!(with("traceparent", zero).is_err());
        assert!(with("tracestate", "a\\r\\nX: y").is_err());
    }

    #[test]
    fn repeats_only_methods_without_an_effect() {
        assert!(Call::ping().is_repeatable());
        assert!(!Call::new("tools/call", Some("{}")).unwrap().is_repeatable());
        assert!(!Call::new("x/new", None).unwrap().is_repeatable());
        assert!(Call::task("get", "t").is_repeatable());
    }
}
