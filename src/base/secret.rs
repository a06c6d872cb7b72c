//! Text that is overwritten when it is let go of, and prints as nothing.

use std::fmt;

use zeroize::Zeroize;

/// A token, a password, the value of a header that the program set.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself; for the bytes of a request and for nothing else.
    pub(crate) fn expose(&self) -> &str {
        &self.0
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

/// Replaces each of `secrets` that occurs in `text`.
///
/// Very short ones are left: they would make any text unreadable and are no
/// secrets that a mask could keep.
pub(crate) fn mask(text: &mut String, secrets: &[Secret]) {
    for secret in secrets {
        let secret = secret.expose();
        if secret.len() >= 4 && text.contains(secret) {
            let masked = text.replace(secret, MASK);
            text.zeroize();
            *text = masked;
        }
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
    fn masks_each_occurrence() {
        let mut text = "a hunter2 b hunter2".to_owned();
        mask(&mut text, &[Secret::from("hunter2")]);
        assert_eq!(text, "a [masked] b [masked]");
    }

    #[test]
    fn leaves_what_is_too_short_to_be_a_secret() {
        let mut text = "a b".to_owned();
        mask(&mut text, &[Secret::from("a"), Secret::from("")]);
        assert_eq!(text, "a b");
    }
}
