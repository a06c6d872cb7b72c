//! Which notifications a server has accepted to send on a stream.

use std::collections::HashSet;

use crate::base::error::{Error, Result, Status, quote};
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::subscription::Interest;
use crate::protocol::task;
use crate::wire::object::Members;

/// What a server will tell, of what it was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    pub(crate) json: String,
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: Vec<String>,
    tasks: Vec<String>,
}

impl Accepted {
    /// The params of the word that a stream stands.
    pub(crate) fn parse(params: &str) -> Self {
        let members = Members::parse(params).unwrap_or_default();
        let json = members.get("notifications").map_or("{}", |filter| filter.get());
        let filter = Members::parse(json).unwrap_or_default();
        let has = |name: &str| filter.get(name).is_some_and(|value| value.get() == "true");
        let all = |name: &str| {
            let list = filter.get(name).and_then(|list| serde_json::from_str(list.get()).ok());
            list.unwrap_or_default()
        };
        Self {
            tools: has("toolsListChanged"),
            prompts: has("promptsListChanged"),
            resources: has("resourcesListChanged"),
            uris: all("resourceSubscriptions"),
            tasks: all("taskIds"),
            json: json.to_owned(),
        }
    }

    /// Whether it is something of what was wished, and every resource.
    pub(crate) fn of(&self, wish: &Interest) -> Result<()> {
        let no = |what: &str| {
            let why = format!("the server will not tell of {what}");
            Err(Error::new(Status::Unsupported, why))
        };
        let granted: HashSet<&String> = self.uris.iter().collect();
        if let Some(uri) = wish.uris.iter().find(|uri| !granted.contains(uri)) {
            return no(&quote(uri));
        }
        let wants_lists = wish.tools || wish.prompts || wish.resources;
        let has_lists = wish.tools && self.tools
            || wish.prompts && self.prompts
            || wish.resources && self.resources;
        if wants_lists && !has_lists { no("anything that was asked for") } else { Ok(()) }
    }

    /// Whether a notification is one of those that were granted.
    pub(crate) fn has(&self, kind: NotificationKind, params: Option<&str>) -> bool {
        match kind {
            NotificationKind::ToolsChanged => self.tools,
            NotificationKind::PromptsChanged => self.prompts,
            NotificationKind::ResourcesChanged => self.resources,
            NotificationKind::ResourceUpdated => {
                let uri = params.and_then(notification::uri);
                // It may name a part of the one that was subscribed to.
                uri.is_some_and(|uri| self.uris.iter().any(|own| uri.starts_with(own.as_str())))
            }
            NotificationKind::TaskStatus => {
                params.and_then(task::id).is_some_and(|id| self.tasks.contains(&id))
            }
            _ => true,
        }
    }
}
