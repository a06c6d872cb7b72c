//! The capabilities that the client declares.

use crate::base::error::{Error, Result};
use crate::protocol::extension;
use crate::wire::json_members;
use crate::wire::object::Members;

/// The requests of the server that the application answers, and the
/// capabilities that it adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClientCapabilities {
    pub(crate) form: bool,
    pub(crate) url: bool,
    pub(crate) sampling: bool,
    pub(crate) sampling_tools: bool,
    pub(crate) roots: bool,
    /// The members that the application adds.
    pub(crate) extra: Vec<(String, String)>,
}

/// The capabilities that the application declares by setting a handler.
const OURS: [&str; 3] = ["elicitation", "sampling", "roots"];

impl ClientCapabilities {
    /// Sets the capabilities that the application adds: a JSON object, or none.
    pub(crate) fn set_extra(&mut self, json: Option<&str>) -> Result<()> {
        let members = Members::parse(json.unwrap_or("{}"))
            .map_err(|error| Error::argument(format!("json is not a JSON object: {error}")))?;
        if let Some((name, _)) = members.0.iter().find(|(name, _)| OURS.contains(&&**name)) {
            return Err(Error::argument(format!(
                "json has \"{name}\", which is declared by setting its handler: see \
                 mcp_client_set_input_handler() and mcp_client_set_roots_json()"
            )));
        }
        let extensions = members.get("extensions").map_or("{}", |extensions| extensions.get());
        if Members::parse(extensions).is_ok_and(|all| all.get(extension::TASKS).is_some()) {
            return Err(Error::argument(format!(
                "json has \"{}\", which is declared where tasks are wanted: see \
                 MCP_ALLOW_TASKS of mcp_client_set_allow() and mcp_request_set_task()",
                extension::TASKS
            )));
        }
        self.extra = members
            .0
            .into_iter()
            .map(|(name, value)| (name.into_owned(), value.get().to_owned()))
            .collect();
        Ok(())
    }

    /// The same with the extension that lets a server run calls as tasks.
    pub(crate) fn with_tasks(&self) -> Self {
        self.with_extensions(&[extension::TASKS])
    }

    /// The same with more extensions, whose settings are empty.
    pub(crate) fn with_extensions(&self, names: &[&str]) -> Self {
        let mut all = self.clone();
        if names.is_empty() {
            return all;
        }
        let place = all.extra.iter().position(|(name, _)| name == "extensions");
        let before = place.map(|place| all.extra.remove(place).1);
        let before = Members::parse(before.as_deref().unwrap_or("{}")).unwrap_or_default();
        let extensions = json_members::object(|json| {
            for (name, value) in before.0.iter().filter(|(name, _)| !names.contains(&&**name)) {
                json.named(name, value.get());
            }
            for name in names {
                json.named(name, "{}");
            }
        });
        all.extra.push(("extensions".to_owned(), extensions));
        all
    }

    /// Whether the server may send any request.
    pub(crate) fn is_any(&self) -> bool {
        self.form || self.url || self.sampling || self.roots
    }

    /// The `ClientCapabilities` of the specification. `has_list_changed`: the
    /// dialect has a notification for changes of the roots.
    pub(crate) fn json(&self, has_list_changed: bool) -> String {
        json_members::object(|json| {
            if self.form || self.url {
                json.object("elicitation", |json| {
                    for (is_declared, name) in [(self.form, "form"), (self.url, "url")] {
                        if is_declared {
                            json.object(name, |_| {});
                        }
                    }
                });
            }
            if self.sampling {
                json.object("sampling", |json| {
                    if self.sampling_tools {
                        json.object("tools", |_| {});
                    }
                });
            }
            if self.roots {
                json.object("roots", |json| {
                    if has_list_changed {
                        json.json("listChanged", "true");
                    }
                });
            }
            for (name, value) in &self.extra {
                json.named(name, value);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declares_exactly_the_capabilities_that_are_set() {
        assert_eq!(ClientCapabilities::default().json(true), "{}");
        let mut all = ClientCapabilities {
            form: true,
            url: true,
            sampling: true,
            sampling_tools: true,
            roots: true,
            extra: Vec::new(),
        };
        all.set_extra(Some(r#"{"extensions":{"a/b":{}}}"#)).unwrap();
        assert_eq!(
            all.json(true),
            "{\"elicitation\":{\"form\":{},\"url\":{}},\"sampling\":{\"tools\":{}},\
             \"roots\":{\"listChanged\":true},\"extensions\":{\"a/b\":{}}}"
        );
        let form = ClientCapabilities { form: true, ..ClientCapabilities::default() };
        assert_eq!(form.json(false), "{\"elicitation\":{\"form\":{}}}");
    }

    #[test]
    fn declares_tasks_beside_other_extensions() {
        let tasks = "\"io.modelcontextprotocol/tasks\":{}";
        let mut declared = ClientCapabilities::default();
        let json = |declared: &ClientCapabilities| declared.with_tasks().json(false);
        assert_eq!(json(&declared), format!("{{\"extensions\":{{{tasks}}}}}"));
        declared.set_extra(Some(r#"{"extensions":{"a/b":{}},"x":1}"#)).unwrap();
        let wanted = format!("{{\"x\":1,\"extensions\":{{\"a/b\":{{}},{tasks}}}}}");
        assert_eq!(json(&declared), wanted);
        assert!(declared.set_extra(Some(&wanted)).is_err(), "by the option alone");
    }

    #[test]
    fn refuses_capabilities_that_handlers_declare() {
        let mut declared = ClientCapabilities::default();
        for json in ["[]", "{", r#"{"roots":{}}"#, r#"{"sampling":{}}"#] {
            assert!(declared.set_extra(Some(json)).is_err(), "{json}");
        }
        declared.set_extra(None).unwrap();
    }
}
