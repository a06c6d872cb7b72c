//! The results of `initialize` and `server/discover`.

use serde_json::value::RawValue;

use crate::base::error::{Error, Result, quote};
use crate::protocol::extension;
use crate::protocol::revision::Revision;
use crate::wire::json_string::unescape;
use crate::wire::jsonrpc::{Answer, json_reason};
use crate::wire::object::Members;

/// What the server says about itself, in either dialect.
#[derive(Clone, Debug)]
pub(crate) struct ServerInfo {
    pub(crate) revision: Revision,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) instructions: Option<String>,
    /// A JSON object as text.
    pub(crate) capabilities: String,
    /// The result as the server wrote it.
    pub(crate) json: String,
}

/// The members of both results, before the revision is chosen.
///
/// Only the versions decide anything. The others are for display: one of another
/// type reads as absent, and refuses no server.
#[derive(Debug, Default)]
pub(crate) struct HandshakeReply<'a> {
    /// Of `initialize`.
    pub(crate) protocol_version: Option<String>,
    /// Of `server/discover`.
    pub(crate) supported_versions: Option<Vec<String>>,
    members: Members<'a>,
}

impl<'a> HandshakeReply<'a> {
    pub(crate) fn parse(answer: &'a Answer) -> Result<Self> {
        let malformed = |what: String| {
            Error::protocol(format!("the server sent malformed information about itself: {what}"))
        };
        let members =
            Members::parse(answer.json()).map_err(|error| malformed(json_reason(&error)))?;
        let given = |name: &str| members.get(name).filter(|raw| raw.get() != "null");
        let protocol_version = match given("protocolVersion") {
            None => None,
            Some(raw) => Some(members.string("protocolVersion").ok_or_else(|| {
                malformed(format!("its \"protocolVersion\" is no string: {}", quote(raw.get())))
            })?),
        };
        let supported_versions = match given("supportedVersions") {
            None => None,
            Some(raw) => Some(versions(raw.get()).ok_or_else(|| {
                malformed(format!(
                    "its \"supportedVersions\" is no array of strings: {}",
                    quote(raw.get())
                ))
            })?),
        };
        Ok(Self { protocol_version, supported_versions, members })
    }

    /// What the library keeps, once the revision is chosen.
    pub(crate) fn introduce(self, revision: Revision, answer: &Answer) -> ServerInfo {
        let members = self.members;
        let capabilities = members.get("capabilities").map_or("{}", RawValue::get);
        let info = implementation(&members);
        let shown = |name: &str| info.as_ref().and_then(|info| shown(info, name));
        ServerInfo {
            revision,
            name: shown("name"),
            version: shown("version"),
            instructions: self::shown(&members, "instructions"),
            capabilities: if capabilities.starts_with('{') { capabilities } else { "{}" }.into(),
            json: answer.json().to_owned(),
        }
    }
}

/// The versions of `server/discover`. A wrong item concerns only itself; a text
/// is one version.
fn versions(raw: &str) -> Option<Vec<String>> {
    if raw.starts_with('"') {
        return Some(vec![serde_json::from_str(raw).ok()?]);
    }
    let all: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(all.into_iter().filter_map(|one| serde_json::from_str(one.get()).ok()).collect())
}

/// The object that describes the server. The stateless dialect has it in
/// `_meta`, because it is for display only.
fn implementation<'a>(members: &Members<'a>) -> Option<Members<'a>> {
    let object = |members: &Members<'a>, name: &str| {
        let raw = members.get(name)?.get();
        raw.starts_with('{').then(|| Members::parse(raw).ok()).flatten()
    };
    object(members, "serverInfo")
        .or_else(|| object(&object(members, "_meta")?, "io.modelcontextprotocol/serverInfo"))
}

/// A text for display. A number or a boolean is its JSON text.
fn shown(members: &Members<'_>, name: &str) -> Option<String> {
    let raw = members.get(name)?.get();
    match raw.as_bytes().first()? {
        b'"' => {
            let mut bytes = unescape(raw);
            bytes.pop();
            String::from_utf8(bytes).ok()
        }
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

impl ServerInfo {
    /// Whether the server declares an extension. Its name may have dots.
    pub(crate) fn has_extension(&self, name: &str) -> bool {
        let root = serde_json::from_str::<serde_json::Value>(&self.capabilities);
        root.is_ok_and(|root| {
            root.get("extensions").and_then(|all| all.get(name)).is_some_and(|one| !one.is_null())
        })
    }

    /// Whether the server declares a capability, such as "tools" or
    /// "resources.subscribe". Neither false nor null declares one.
    pub(crate) fn has_capability(&self, name: &str) -> bool {
        let Ok(root) = serde_json::from_str::<serde_json::Value>(&self.capabilities) else {
            return false;
        };
        let mut value = &root;
        for step in name.split('.') {
            match value.get(step) {
                Some(member) => value = member,
                None => return false,
            }
        }
        !matches!(value, serde_json::Value::Null | serde_json::Value::Bool(false))
    }

    /// The capability that the method needs and the server does not declare.
    pub(crate) fn lacks(&self, method: &str) -> Option<&'static str> {
        let (needed, others): (_, &[&str]) = match method {
            "resources/subscribe" | "resources/unsubscribe" => ("resources.subscribe", &[]),
            "completion/complete" => ("completions", &[]),
            "logging/setLevel" => ("logging", &[]),
            "tasks/list" => ("tasks.list", &[]),
            "subscriptions/listen" => (
                "listChanged",
                &[
                    "tools.listChanged",
                    "prompts.listChanged",
                    "resources.listChanged",
                    "resources.subscribe",
                ],
            ),
            _ => match method.split_once('/')?.0 {
                "tools" => ("tools", &[]),
                "prompts" => ("prompts", &[]),
                "resources" => ("resources", &[]),
                "tasks" => ("tasks", &[]),
                "skills" => ("skills", &[]),
                _ => return None,
            },
        };
        let extension = match needed {
            "tasks" => Some(extension::TASKS),
            "skills" => Some(extension::SKILLS),
            _ => None,
        };
        let has_it = self.has_capability(needed)
            || others.iter().any(|one| self.has_capability(one))
            || extension.is_some_and(|name| self.has_extension(name));
        (!has_it).then_some(needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_info(json: &str) -> ServerInfo {
        let answer = Answer::whole(json.to_owned());
        HandshakeReply::parse(&answer).unwrap().introduce(Revision::HANDSHAKE, &answer)
    }

    #[test]
    fn reads_the_name_in_both_places() {
        let old = server_info(r#"{"serverInfo":{"name":"a","version":"1","title":"A"}}"#);
        assert_eq!(old.name.as_deref(), Some("a"));
        let new = server_info(
            r#"{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"b","version":"2"}}}"#,
        );
        assert_eq!((new.name.as_deref(), new.version.as_deref()), (Some("b"), Some("2")));
        assert_eq!(server_info("{}").name, None);
    }

    #[test]
    fn recognises_a_declared_capability() {
        let server = server_info(
            r#"{"capabilities":{"tools":{},"resources":{"subscribe":false,"listChanged":true}}}"#,
        );
        assert!(server.has_capability("tools"));
        assert!(server.has_capability("resources.listChanged"));
        assert!(!server.has_capability("resources.subscribe"));
        assert!(!server.has_capability("prompts"));
        assert!(!server.has_capability(""));
        assert!(!server.has_extension("a.b/c"));
        let server = server_info(r#"{"capabilities":{"extensions":{"a.b/c":{}}}}"#);
        assert!(server.has_extension("a.b/c") && !server.has_extension("a"));
    }

    #[test]
    fn knows_the_capability_of_each_method() {
        let server = server_info(
            r#"{"capabilities":{"tools":{"listChanged":true},"resources":{},"tasks":{"cancel":{}}}}"#,
        );
        for (method, lacks) in [
            ("tools/list", None),
            ("tools/call", None),
            ("resources/templates/list", None),
            ("resources/subscribe", Some("resources.subscribe")),
            ("prompts/get", Some("prompts")),
            ("completion/complete", Some("completions")),
            ("logging/setLevel", Some("logging")),
            ("tasks/get", None),
            ("tasks/list", Some("tasks.list")),
            ("skills/list", Some("skills")),
            ("subscriptions/listen", None),
            ("ping", None),
            ("server/discover", None),
            ("acme/x", None),
        ] {
            assert_eq!(server.lacks(method), lacks, "{method}");
        }
        let none = server_info("{}");
        assert!(none.lacks("tools/call").is_some() && none.lacks("subscriptions/listen").is_some());
        let server =
            server_info(r#"{"capabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}"#);
        assert_eq!((server.lacks("tasks/get"), server.lacks("tasks/cancel")), (None, None));
    }

    /// The texts for display, of a server that sends this for one member.
    #[test]
    fn reads_what_is_only_shown_as_absent_if_it_has_another_type() {
        type Shown<'a> = [Option<&'a str>; 3];
        let rows: &[(&str, Shown<'_>)] = &[
            (r#""serverInfo":{"name":"f","version":1.2}"#, [Some("f"), Some("1.2"), None]),
            (r#""serverInfo":{"name":7,"version":true}"#, [Some("7"), Some("true"), None]),
            (r#""serverInfo":{"name":["f"],"version":{"a":1}}"#, [None; 3]),
            (r#""serverInfo":null"#, [None; 3]),
            (r#""serverInfo":"f""#, [None; 3]),
            (r#""serverInfo":[{"name":"f"}]"#, [None; 3]),
            (r#""serverInfo":7,"_meta":7"#, [None; 3]),
            (r#""_meta":{"io.modelcontextprotocol/serverInfo":"f"}"#, [None; 3]),
            (r#""serverInfo":{"name":"a"},"serverInfo":{"name":"b"}"#, [Some("b"), None, None]),
            (r#""instructions":["x"]"#, [None; 3]),
            (r#""instructions":{"x":1}"#, [None; 3]),
            (r#""instructions":5"#, [None, None, Some("5")]),
            (r#""instructions":"\ud800""#, [None, None, Some("\u{fffd}")]),
            (r#""capabilities":"x""#, [None; 3]),
        ];
        for (members, shown) in rows {
            let json = format!(r#"{{"protocolVersion":"2025-11-25",{members}}}"#);
            let info = server_info(&json);
            let found = [&info.name, &info.version, &info.instructions];
            assert_eq!(found.map(|text| text.as_deref()), *shown, "{members}");
        }
    }

    #[test]
    fn reads_the_versions_and_refuses_other_types_of_them() {
        for (members, versions) in [
            (r#""supportedVersions":["2026-07-28",7,null]"#, Some(vec!["2026-07-28"])),
            (r#""supportedVersions":"2026-07-28""#, Some(vec!["2026-07-28"])),
            (r#""supportedVersions":null"#, None),
        ] {
            let answer = Answer::whole(format!("{{{members}}}"));
            let reply = HandshakeReply::parse(&answer).unwrap();
            let found = reply.supported_versions.as_ref();
            let found: Option<Vec<&str>> =
                found.map(|all| all.iter().map(String::as_str).collect());
            assert_eq!(found, versions, "{members}");
        }
        for members in [r#""supportedVersions":7"#, r#""protocolVersion":20251125"#] {
            let answer = Answer::whole(format!("{{{members}}}"));
            let error = HandshakeReply::parse(&answer).unwrap_err();
            assert!(error.message().contains("is no"), "{}", error.message());
        }
        for result in ["7", "\"x\"", "[]", "null"] {
            assert!(HandshakeReply::parse(&Answer::whole(result.to_owned())).is_err());
        }
    }

    #[test]
    fn cuts_long_text_of_the_server_in_errors() {
        let json = format!(r#"{{"protocolVersion":["{}"]}}"#, "x".repeat(5000));
        let answer = Answer::whole(json);
        let message = HandshakeReply::parse(&answer).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
