//! Text that is overwritten when it is let go of, and prints as nothing.

use std::fmt;

use zeroize::Zeroize;

/// A token, a password, the value of a header that the program set.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself; for the bytes of a request and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Adds to the text. What a growing one leaves behind is overwritten.
    pub(crate) fn push(&mut self, text: &str) {
        let needed = self.0.len() + text.len();
        if needed > self.0.capacity() {
            let mut larger = String::with_capacity(needed.max(2 * self.0.capacity()));
            larger.push_str(&self.0);
            self.0.zeroize();
            self.0 = larger;
        }
        self.0.push_str(text);
    }

    /// Adds a text as a JSON string, with its quotes.
    pub(crate) fn push_json(&mut self, text: &str) {
        let is_special = |letter: char| letter < ' ' || letter == '"' || letter == '\\';
        let mut rest = text;
        self.push("\"");
        while let Some(at) = rest.find(is_special) {
            let (plain, after) = rest.split_at(at);
            self.push(plain);
            let mut letters = after.chars();
            match letters.next() {
                Some('"') => self.push("\\\""),
                Some('\\') => self.push("\\\\"),
                Some(other) => self.push(&format!("\\u{:04x}", u32::from(other))),
                None => break,
            }
            rest = letters.as_str();
        }
        self.push(rest);
        self.push("\"");
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret")
    }
}

/// What stands in a message where a secret was.
pub(crate) const MASK: &str = "[masked]";

/// What stands behind a peer's text that was cut.
pub(crate) const CUT: &str = "...";

/// A secret of fewer bytes is left: masking it would make any text
/// unreadable, and it keeps nothing secret.
const SHORTEST: usize = 4;

/// Replaces each of `secrets` that occurs in `text`, and the beginning of one
/// where the text was cut in the middle of it.
pub(crate) fn mask(text: &mut String, secrets: &[Secret]) {
    for secret in secrets.iter().map(Secret::expose) {
        if secret.len() < SHORTEST {
            continue;
        }
        if text.contains(secret) {
            replace(text, secret);
        }
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| rest.find(CUT)) {
            let end = from + at;
            let lengths = (SHORTEST..secret.len()).rev();
            let beginning = lengths
                .filter_map(|length| secret.get(..length))
                .find(|beginning| text.get(..end).is_some_and(|shown| shown.ends_with(beginning)));
            from = end + CUT.len();
            if let Some(beginning) = beginning {
                let start = end - beginning.len();
                let masked = format!(
                    "{}{MASK}{}",
                    text.get(..start).unwrap_or_default(),
                    text.get(end..).unwrap_or_default()
                );
                from = start + MASK.len() + CUT.len();
                text.zeroize();
                *text = masked;
            }
        }
    }
}

/// Masks `secrets` in JSON text, however they are spelled in it.
pub(crate) fn mask_json(text: &mut String, secrets: &[Secret]) {
    mask(text, secrets);
    // JSON may write any character in another way: the strings count as they
    // are read.
    if text.contains('\\')
        && let Ok(mut value) = serde_json::from_str::<serde_json::Value>(text)
        && mask_value(&mut value, secrets)
    {
        text.zeroize();
        *text = value.to_string();
    }
}

/// Says if anything was masked.
fn mask_value(value: &mut serde_json::Value, secrets: &[Secret]) -> bool {
    use serde_json::Value;
    let is_in = |text: &str| {
        secrets.iter().any(|one| one.expose().len() >= SHORTEST && text.contains(one.expose()))
    };
    match value {
        Value::String(text) if is_in(text) => {
            mask(text, secrets);
            true
        }
        Value::Array(items) => {
            items.iter_mut().fold(false, |any, item| mask_value(item, secrets) | any)
        }
        Value::Object(members) => {
            let mut any =
                members.values_mut().fold(false, |any, one| mask_value(one, secrets) | any);
            if members.keys().any(|name| is_in(name)) {
                any = true;
                let old = std::mem::take(members);
                members.extend(old.into_iter().map(|(mut name, value)| {
                    mask(&mut name, secrets);
                    (name, value)
                }));
            }
            any
        }
        _ => false,
    }
}

fn replace(text: &mut String, secret: &str) {
    let masked = text.replace(secret, MASK);
    text.zeroize();
    *text = masked;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret");
    }

    #[test]
    fn grows_and_writes_json() {
        let mut secret = Secret::default();
        let text = "a\"b\\c\n\0\u{7f}é 世界/".repeat(20);
        secret.push("[");
        secret.push_json(&text);
        secret.push(",");
        secret.push_json("");
        secret.push("]");
        let read: [String; 2] = serde_json::from_str(secret.expose()).unwrap();
        assert_eq!(read, [text, String::new()]);
    }

    #[test]
    fn masks_each_occurrence() {
        let mut text = "a hunter2 b hunter2".to_owned();
        mask(&mut text, &[Secret::from("hunter2")]);
        assert_eq!(text, "a [masked] b [masked]");
    }

    #[test]
    fn masks_a_secret_that_the_end_of_a_quote_cuts() {
        let mut text = "it said abc hunt... and hunter...".to_owned();
        mask(&mut text, &[Secret::from("hunter2")]);
        assert_eq!(text, "it said abc [masked]... and [masked]...");
    }

    #[test]
    fn masks_every_spelling_of_json() {
        let mut text = r#"{"a":["hunte\u0072/2"],"hunter\/2":1.50}"#.to_owned();
        mask_json(&mut text, &[Secret::from("hunter/2")]);
        assert_eq!(text, r#"{"[masked]":1.5,"a":["[masked]"]}"#);
    }

    #[test]
    fn leaves_what_is_too_short_to_be_a_secret() {
        let mut text = "a b".to_owned();
        mask(&mut text, &[Secret::from("a"), Secret::from("")]);
        assert_eq!(text, "a b");
    }
}
