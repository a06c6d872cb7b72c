//! Configuration files that are not JSON: what they are, and what to write.

use crate::base::error::quote;

/// What a text that is no JSON is: a line of it, and what to say. `None`: it is
/// no other format that applications use.
pub(crate) fn format(file: &str, text: &str) -> Option<(usize, String)> {
    let has_suffix = |suffix: &str| {
        file.len() > suffix.len()
            && file
                .get(file.len() - suffix.len()..)
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    };
    let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
    if has_suffix(".toml") || !is_json && tables(text).next().is_some() {
        return Some(toml(text));
    }
    if has_suffix(".yaml") || has_suffix(".yml") || !is_json && keys(text).next().is_some() {
        return Some(yaml(text));
    }
    None
}

/// The tables of TOML, with their lines: `[mcp_servers.x]`.
fn tables(text: &str) -> impl Iterator<Item = (usize, &str)> {
    lines(text).filter_map(|(number, line)| {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        let name = line.strip_prefix('[')?.strip_suffix(']')?;
        let first = name.chars().next()?;
        let is_table = (first.is_ascii_alphabetic() || first == '_') && !name.contains([',', '[']);
        is_table.then_some((number, name))
    })
}

/// The keys at the margin of YAML, with their lines: `mcpServers:`.
fn keys(text: &str) -> impl Iterator<Item = (usize, &str)> {
    lines(text).filter_map(|(number, line)| {
        let (name, rest) = line.split_once(':')?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (is_name && (rest.is_empty() || rest.starts_with([' ', '\r']))).then_some((number, name))
    })
}

/// The lines with their numbers, as long as a file that people write has them.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().take(LINES).enumerate().map(|(at, line)| (at + 1, line))
}

const LINES: usize = 10_000;

/// The members that an entry in JSON has.
const ENTRY: &str = "{\"command\": \"...\", \"args\": [...]} or {\"url\": \"...\"}";

fn toml(text: &str) -> (usize, String) {
    let servers = tables(text).find_map(|(line, table)| {
        let (root, rest) = table.split_once('.')?;
        let name = rest.split('.').next().unwrap_or(rest).trim_matches(['"', '\'']);
        root.to_ascii_lowercase().contains("mcp").then_some((line, table, name))
    });
    let (line, table, name) = servers.unwrap_or((1, "mcp_servers.NAME", "NAME"));
    let what = format!(
        "is TOML, not JSON: write its table [{}] as {{\"mcpServers\": {{\"{}\": {ENTRY}}}}} in \
         a JSON file",
        quote(table),
        quote(name)
    );
    (line, what)
}

fn yaml(text: &str) -> (usize, String) {
    let is_root = |name: &str| {
        name == "extensions" || name == "servers" || name.to_ascii_lowercase().contains("mcp")
    };
    let (line, key) = keys(text).find(|(_, name)| is_root(name)).unwrap_or((1, "mcpServers"));
    // Goose has names of its own.
    let names = if key == "extensions" {
        ", with \"command\" for cmd, \"env\" for envs and \"url\" for uri"
    } else {
        ""
    };
    let what = format!(
        "is YAML, not JSON: write its key {} as {{\"mcpServers\": {{\"NAME\": {ENTRY}}}}} in a \
         JSON file{names}",
        quote(key)
    );
    (line, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_key_to_write_for_toml_and_yaml() {
        for (file, text, line, words) in [
            (
                "config.toml",
                "model = \"x\"\n\n[mcp_servers.docs]\ncommand = \"npx\"\n",
                3,
                "is TOML, not JSON: write its table [mcp_servers.docs] as {\"mcpServers\": {\"docs\":",
            ),
            ("f", "[mcp_servers.\"a b\".env]\nA = 1\n", 1, "{\"a b\":"),
            ("F.TOML", "x = 1\n", 1, "[mcp_servers.NAME]"),
            (
                "config.yaml",
                "# x\nextensions:\n  fetch:\n    cmd: uvx\n",
                2,
                "is YAML, not JSON: write its key extensions as {\"mcpServers\":",
            ),
            ("f", "name: x\nmcpServers:\n  - name: a\n    command: b\n", 2, "key mcpServers"),
            ("f", "---\nmcp_servers:\r\n  a:\r\n", 2, "key mcp_servers"),
            ("f.yml", "- a\n", 1, "key mcpServers"),
        ] {
            let (found, what) = format(file, text).unwrap();
            assert!(found == line && what.contains(words), "{text}: {found}: {what}");
        }
        assert!(format("f.yaml", "extensions:\n").unwrap().1.contains("\"command\" for cmd"));
    }

    #[test]
    fn takes_broken_json_for_json() {
        for text in [
            "",
            "{",
            "{\"a\": 1",
            "[1, 2",
            "[]x",
            "\u{feff}{\n[mcp_servers.x]\n",
            "hello",
            "http://x",
        ] {
            assert_eq!(format("mcp.json", text), None, "{text}");
        }
    }
}
