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
}
