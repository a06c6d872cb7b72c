//! The names that applications give to the members of a configuration file.

use crate::client::options::server::HttpTransport;
use crate::wire::jsonc::Value;

/// How an application writes its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConfigDialect {
    /// Claude, Cursor, Windsurf, Cline, Gemini CLI, Zed and FastMCP: their
    /// members do not contradict each other.
    Common,
    /// VS Code tries both HTTP transports for `http`.
    VsCode,
    /// opencode writes program and arguments as one array.
    Opencode,
}

/// The members of the root that hold the servers. The first one in a file
/// counts.
pub(crate) const ROOTS: &[(&str, ConfigDialect)] = &[
    ("mcpServers", ConfigDialect::Common),
    ("servers", ConfigDialect::VsCode),
    ("context_servers", ConfigDialect::Common),
    ("mcp.servers", ConfigDialect::VsCode),
    ("mcp", ConfigDialect::Opencode),
    ("mcp_servers", ConfigDialect::Common),
    ("amp.mcpServers", ConfigDialect::Common),
];

/// The members for an address. The first one in an entry counts: Gemini CLI
/// prefers `httpUrl`, Windsurf writes `serverUrl`, Cherry Studio `baseUrl`.
pub(crate) const URLS: [&str; 4] = ["httpUrl", "url", "serverUrl", "baseUrl"];

/// Members that switch a server off if they are true.
pub(crate) const OFF_IF_TRUE: &[&str] = &["disabled", "disable", "isDisabled", "is_disabled"];
/// Members that switch a server off if they are false.
pub(crate) const OFF_IF_FALSE: &[&str] =
    &["enabled", "enable", "isEnabled", "is_enabled", "isActive", "is_active", "active"];

/// Members of the root that list servers that are off.
pub(crate) const DISABLED_LISTS: &[&str] = &[
    "disabledMcpServers",
    "disabledMcpjsonServers",
    "disabledServers",
    "disabled_mcp_servers",
    "excludeMCPServers",
];
/// Members of the root that list the only servers that are on.
pub(crate) const ALLOWED: &[&str] = &["allowMCPServers"];

/// Cline and Roo Code write one of these, and `timeout` in seconds.
pub(crate) const SECONDS: [&str; 2] = ["autoApprove", "alwaysAllow"];

/// The transport that a name stands for; `Some(None)` is stdio.
pub(crate) fn transport(name: &str, dialect: ConfigDialect) -> Option<Option<HttpTransport>> {
    let plain: String = name
        .chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "stdio" | "local" => None,
        "http" if dialect == ConfigDialect::VsCode => Some(HttpTransport::Auto),
        "http" | "streamablehttp" | "httpstream" => Some(HttpTransport::StreamableHttp),
        "sse" => Some(HttpTransport::Sse),
        "remote" => Some(HttpTransport::Auto),
        _ => return None,
    })
}

/// Whether a value is an object with a program or an address.
pub(crate) fn names_a_server(value: &Value<'_>) -> bool {
    let Value::Object(members) = value else { return false };
    let is_target = |name: &str| name == "command" || URLS.contains(&name);
    members.properties.iter().any(|one| is_target(one.name.as_str()))
}

/// Whether a member, of no dialect that is read, was meant as a program or an
/// address.
pub(crate) fn is_meant(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    matches!(
        plain.as_str(),
        "cmd"
            | "commands"
            | "exec"
            | "executable"
            | "program"
            | "path"
            | "uri"
            | "endpoint"
            | "baseurl"
            | "address"
            | "host"
            | "serverurl"
            | "httpurl"
            | "sseurl"
            | "mcpurl"
            | "link"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_names_of_transports() {
        use HttpTransport::{Auto, Sse, StreamableHttp};
        for (name, transport) in [
            ("stdio", Some(None)),
            ("STDIO", Some(None)),
            ("local", Some(None)),
            ("http", Some(Some(StreamableHttp))),
            ("streamableHttp", Some(Some(StreamableHttp))),
            ("streamable-http", Some(Some(StreamableHttp))),
            ("streamable_http", Some(Some(StreamableHttp))),
            ("sse", Some(Some(Sse))),
            ("SSE", Some(Some(Sse))),
            ("remote", Some(Some(Auto))),
            ("websocket", None),
            ("inMemory", None),
        ] {
            assert_eq!(super::transport(name, ConfigDialect::Common), transport, "{name}");
        }
        assert_eq!(super::transport("http", ConfigDialect::VsCode), Some(Some(Auto)));
    }
}
