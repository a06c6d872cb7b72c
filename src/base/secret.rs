//! Text that is overwritten when it is dropped, and never printed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize;

/// A token, a password or the value of a header that the application set.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for the bytes of a request and nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// All secrets in the value of a header: the value itself; the part after
    /// the name of the scheme, which a server may reflect alone; the user name
    /// with the password, and the password, that Basic encodes (RFC 7617).
    pub(crate) fn of_credential(&self) -> Vec<Self> {
        let mut all = vec![self.clone()];
        let Some((scheme, rest)) = self.0.split_once(' ') else { return all };
        all.push(Self::from(rest));
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = STANDARD.decode(rest.trim())
            && let Ok(pair) = String::from_utf8(pair)
        {
            all.extend(pair.split_once(':').map(|(_, password)| Self::from(password)));
            all.push(Self::from(pair));
        }
        all
    }

    /// Appends to the text. The buffer of a text that grows is overwritten.
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

    /// Appends a text as a JSON string, with its quotes.
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

    #[test]
    fn finds_every_secret_in_a_credential() {
        let of = |value: &str| -> Vec<String> {
            let all = Secret::from(value).of_credential();
            all.iter().map(|one| one.expose().to_owned()).collect()
        };
        assert_eq!(of("key"), ["key"]);
        assert_eq!(of("Bearer x y"), ["Bearer x y", "x y"]);
        let basic = "Basic dXNlcjpodW50ZXIy";
        assert_eq!(of(basic), [basic, "dXNlcjpodW50ZXIy", "hunter2", "user:hunter2"]);
        assert_eq!(of("Basic %"), ["Basic %", "%"]);
    }
}
