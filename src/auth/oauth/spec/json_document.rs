//! The JSON objects of servers, within limits.

use serde_json::value::RawValue;

use crate::wire::object::Members;

/// The deepest nesting.
const DEPTH: usize = 32;
/// The most entries of a list that are used.
const ENTRIES: usize = 256;

/// A JSON object. A member of the wrong type counts as absent.
#[derive(Debug)]
pub(crate) struct JsonDocument<'a>(Members<'a>);

impl<'a> JsonDocument<'a> {
    /// `None` for anything but a JSON object, and for one that is nested too
    /// deeply. A byte order mark is ignored (RFC 8259, 8.1).
    pub(crate) fn parse(body: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !is_shallow(text) {
            return None;
        }
        Members::parse(text).ok().map(Self)
    }

    /// Whether there is a member of that name other than `null`.
    pub(crate) fn has_value(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.get() != "null")
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.string(name)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| value.get() == "true")
    }

    /// The strings of an array. Other entries are ignored.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<String>> {
        let entries: Vec<&RawValue> = serde_json::from_str(self.0.get(name)?.get()).ok()?;
        let used = entries.into_iter().take(ENTRIES);
        Some(used.filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect())
    }

    /// A positive number of seconds, also as a string; a fraction is cut off.
    pub(crate) fn seconds(&self, name: &str) -> Option<u64> {
        let raw = self.0.get(name)?.get();
        let text = self.text(name);
        let digits = text.as_deref().unwrap_or(raw);
        let whole = match digits.parse::<u64>() {
            Ok(whole) => whole,
            // 3600.0 and 3.6e3. The conversion saturates.
            Err(_) if text.is_none() => raw.parse::<f64>().ok()? as u64,
            Err(_) => return None,
        };
        (whole > 0).then_some(whole)
    }

    /// Whether a number of seconds, also as a string, is less than 1 and not
    /// negative.
    pub(crate) fn is_zero(&self, name: &str) -> bool {
        let Some(raw) = self.0.get(name) else { return false };
        let text = self.text(name);
        let number = text.as_deref().unwrap_or(raw.get()).parse::<f64>();
        number.is_ok_and(|number| (0.0..1.0).contains(&number))
    }
}

/// Checked before parsing, which takes more memory.
fn is_shallow(text: &str) -> bool {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'{' | b'[' if !is_quoted => depth += 1,
            b'}' | b']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_members_of_the_right_type() {
        let body = br#"{"a":"x","b":true,"c":["x",1,null,"y"],"d":"true","e":{},"f":"\ud800"}"#;
        let document = JsonDocument::parse(body).unwrap();
        assert_eq!(document.text("a").as_deref(), Some("x"));
        assert!(document.is_true("b") && !document.is_true("d") && !document.is_true("z"));
        assert_eq!(document.list("c").unwrap(), ["x", "y"]);
        for name in ["b", "c", "e", "f", "z"] {
            assert_eq!(document.text(name), None, "{name}");
        }
        for name in ["a", "b", "e", "z"] {
            assert_eq!(document.list(name), None, "{name}");
        }
        assert!(document.has_value("e") && !document.has_value("z"));
        assert!(!JsonDocument::parse(b"{\"a\":null}").unwrap().has_value("a"));
    }

    #[test]
    fn reads_seconds_as_servers_write_them() {
        for (value, seconds) in [
            ("3600", Some(3600)),
            ("\"3600\"", Some(3600)),
            ("3600.7", Some(3600)),
            ("3.6e3", Some(3600)),
            ("1e300", Some(u64::MAX)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("0", None),
            ("0.5", None),
            ("-1", None),
            ("-1e300", None),
            ("\"\"", None),
            ("\"soon\"", None),
            ("\"3.5\"", None),
            ("\"-1\"", None),
            ("null", None),
            ("[3600]", None),
            ("true", None),
        ] {
            let body = format!("{{\"a\":{value}}}");
            let document = JsonDocument::parse(body.as_bytes()).unwrap();
            assert_eq!(document.seconds("a"), seconds, "{value}");
        }
    }

    #[test]
    fn refuses_other_values_and_deep_nesting() {
        for body in ["", "<html>", "[]", "\"{}\"", "null", "{", "{}x", "{\"a\":}", "{}{}"] {
            assert!(JsonDocument::parse(body.as_bytes()).is_none(), "{body}");
        }
        assert!(JsonDocument::parse(b"{\"a\":\"\xff\"}").is_none());
        let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(JsonDocument::parse(deep(31).as_bytes()).is_some());
        assert!(JsonDocument::parse(deep(32).as_bytes()).is_none());
        assert!(JsonDocument::parse(deep(100_000).as_bytes()).is_none());
        let quoted = format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(100));
        assert!(JsonDocument::parse(quoted.as_bytes()).is_some());
    }

    #[test]
    fn limits_the_entries_of_a_list() {
        let body = format!("{{\"a\":[{}\"x\"]}}", "\"y\",".repeat(100_000));
        let document = JsonDocument::parse(body.as_bytes()).unwrap();
        assert_eq!(document.list("a").unwrap().len(), ENTRIES);
    }
}
