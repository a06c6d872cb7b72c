//! The results of `initialize` and `server/discover`.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::base::error::{Error, Result};
use crate::protocol::extension;
use crate::protocol::revision::Revision;
use crate::wire::jsonrpc::{Answer, json_reason};

/// What the server says about itself, in either dialect.
#[derive(Clone, Debug)]
pub(crate) struct ServerInfo {
    pub(crate) revision: Revision,
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) instructions: Option<String>,
    /// A JSON object as text.
    pub(crate) capabilities: String,
    /// The result as the server wrote it.
    pub(crate) json: String,
}

/// The members of both results, before the revision is chosen.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct HandshakeReply<'a> {
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
    instructions: Option<String>,
    server_info: Option<Implementation>,
    #[serde(rename = "_meta")]
    meta: Option<Meta>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Implementation {
    name: Option<String>,
    version: Option<String>,
    title: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta {
    /// The stateless dialect has it here, because it is for display only.
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: Option<Implementation>,
}

impl<'a> HandshakeReply<'a> {
    pub(crate) fn parse(answer: &'a Answer) -> Result<Self> {
        serde_json::from_str(answer.json()).map_err(|error| {
            Error::protocol(format!(
                "the server sent malformed information about itself: {}",
                json_reason(&error)
            ))
        })
    }

    /// What the library keeps, once the revision is chosen.
    pub(crate) fn introduce(self, revision: Revision, answer: &Answer) -> ServerInfo {
        let info =
            self.server_info.or(self.meta.and_then(|meta| meta.server_info)).unwrap_or_default();
        let capabilities = self.capabilities.map_or("{}", |raw| raw.get());
        ServerInfo {
            revision,
            name: info.name,
            version: info.version,
            title: info.title,
            instructions: self.instructions,
            capabilities: if capabilities.starts_with('{') { capabilities } else { "{}" }.into(),
            json: answer.json().to_owned(),
        }
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
        assert_eq!((old.name.as_deref(), old.title.as_deref()), (Some("a"), Some("A")));
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

    #[test]
    fn cuts_long_text_of_the_server_in_errors() {
        let json = format!(r#"{{"serverInfo":"{}"}}"#, "x".repeat(5000));
        let answer = Answer::whole(json);
        let message = HandshakeReply::parse(&answer).unwrap_err().message().to_owned();
        assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
    }
}
