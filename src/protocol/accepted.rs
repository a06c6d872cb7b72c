//! Which notifications a server has accepted to send on a stream.

use std::collections::HashSet;

use crate::base::error::{Error, Result, Status, quote};
use crate::protocol::notification::{self, NotificationKind};
use crate::protocol::subscription::Interest;
use crate::protocol::task;
use crate::wire::object::Members;

/// The notifications that the server has accepted to send on a stream.
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
    /// Parses the params of the server's acknowledgement.
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

    /// Fails if the server did not accept a resource of the interest, or none of
    /// its lists.
    pub(crate) fn check(&self, interest: &Interest) -> Result<()> {
        let no = |why: String| Err(Error::new(Status::Unsupported, why));
        let accepted: HashSet<&String> = self.uris.iter().collect();
        if let Some(uri) = interest.uris.iter().find(|uri| !accepted.contains(uri)) {
            return no(format!("the server does not send notifications about {}", quote(uri)));
        }
        let wants_lists = interest.tools || interest.prompts || interest.resources;
        let has_lists = interest.tools && self.tools
            || interest.prompts && self.prompts
            || interest.resources && self.resources;
        if wants_lists && !has_lists {
            return no("the server sends none of the requested notifications".to_owned());
        }
        Ok(())
    }

    /// Whether the server has accepted this notification.
    pub(crate) fn has(&self, kind: NotificationKind, params: Option<&str>) -> bool {
        match kind {
            NotificationKind::ToolsChanged => self.tools,
            NotificationKind::PromptsChanged => self.prompts,
            NotificationKind::ResourcesChanged => self.resources,
            NotificationKind::ResourceUpdated => {
                let uri = params.and_then(notification::uri);
                // The notification may name a part of the subscribed resource.
                uri.is_some_and(|uri| self.uris.iter().any(|own| uri.starts_with(own.as_str())))
            }
            NotificationKind::TaskStatus => {
                params.and_then(task::id).is_some_and(|id| self.tasks.contains(&id))
            }
            _ => true,
        }
    }
}
