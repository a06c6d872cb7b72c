//! The versions that a server names, and the refusal of a version.

use serde_json::Value;

use crate::protocol::revision::Revision;
use crate::wire::jsonrpc::RpcError;

/// The versions in the data of an error.
pub(super) fn supported(error: &RpcError) -> Vec<String> {
    let data = error.data.as_deref().and_then(|data| serde_json::from_str::<Value>(data).ok());
    match data.and_then(|mut data| data.get_mut("supported").map(Value::take)) {
        Some(Value::Array(items)) => texts(items),
        _ => Vec::new(),
    }
}

fn texts(items: Vec<Value>) -> Vec<String> {
    let text = |item| match item {
        Value::String(text) => Some(text),
        _ => None,
    };
    items.into_iter().filter_map(text).collect()
}

/// Whether a refusal is about the version. The servers that say so in words
/// have no other sign in common.
pub(super) fn is_about_version(texts: &[&str]) -> bool {
    texts.iter().any(|text| has_word(text))
}

/// Whether a text has the word "version", also as a part of "protocolVersion"
/// or "protocol_version", but not of "conversion".
fn has_word(text: &str) -> bool {
    const WORD: &str = "version";
    let lower = text.to_ascii_lowercase();
    lower.match_indices(WORD).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let is_capital = text.get(at..).is_some_and(|word| word.starts_with('V'));
        match before.chars().next_back() {
            Some(last) if last.is_ascii_lowercase() => {
                is_capital || before.to_ascii_lowercase().ends_with("protocol")
            }
            Some(last) if last.is_ascii_uppercase() => {
                before.to_ascii_lowercase().ends_with("protocol")
            }
            _ => true,
        }
    })
}

/// The handshake revision to try after the server refused `tried`: the newest
/// older one that the server names, or else the next older one.
pub(super) fn older(tried: Revision, texts: &[&str]) -> Option<Revision> {
    let older = || Revision::ALL.into_iter().filter(|one| !one.is_stateless() && *one < tried);
    let is_named =
        |one: &Revision| texts.iter().any(|text| one.names().any(|name| text.contains(name)));
    older().find(is_named).or_else(|| older().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_version() {
        for text in [
            "unsupported protocol version: 2025-11-25",
            "Unsupported Protocol Version",
            "VERSION_MISMATCH",
            "bad protocolVersion",
            "bad PROTOCOLVERSION",
            "bad protocol_version",
            "protocolversion?",
            "versions: 1",
            "conversion of the version",
        ] {
            assert!(has_word(text), "{text}");
        }
        for text in ["", "conversion failed", "Inversion", "aversion", "verse", "CONVERSION"] {
            assert!(!has_word(text), "{text}");
        }
    }

    #[test]
    fn takes_the_newest_older_revision_that_is_named() {
        for (tried, text, next) in [
            (Revision::V2025_11_25, "no", Some(Revision::V2025_06_18)),
            (Revision::V2025_11_25, "not 2025-11-25", Some(Revision::V2025_06_18)),
            (Revision::V2025_11_25, "2024-11-05 or 2025-03-26", Some(Revision::V2025_03_26)),
            (Revision::V2025_11_25, "want 2026-07-28", Some(Revision::V2025_06_18)),
            (Revision::V2025_11_25, "only 2024-10-07", Some(Revision::V2024_11_05)),
            (Revision::V2025_06_18, "2025-11-25", Some(Revision::V2025_03_26)),
            (Revision::V2024_11_05, "2025-11-25", None),
        ] {
            assert_eq!(older(tried, &["x", text]), next, "{tried:?} {text}");
        }
    }
}
