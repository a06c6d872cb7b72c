//! An access token that may go into a header as it is.

use std::fmt;
use std::sync::Arc;

use crate::auth::oauth::spec::key::Key;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;

/// A token, and the key that it is bound to, if it is.
#[derive(Clone)]
pub(crate) struct Token(Arc<TokenInner>);

struct TokenInner {
    /// The value of the Authorization header.
    header: Secret,
    key: Option<Arc<Key>>,
}

const BEARER: &str = "Bearer ";
const DPOP: &str = "DPoP ";

impl Token {
    /// Refuses what no server could have meant, without quoting it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::argument(format!("token {what}")));
        if text.is_empty() {
            return wrong("is empty: pass NULL for no token");
        }
        let bare = text.trim_start();
        if bare.get(..BEARER.len()).is_some_and(|head| head.eq_ignore_ascii_case(BEARER))
            || bare.trim_end().eq_ignore_ascii_case(BEARER.trim_end())
        {
            return wrong("has the prefix \"Bearer\": pass the bare token, the prefix is added");
        }
        if let Some((at, byte)) =
            text.bytes().enumerate().find(|(_, byte)| !byte.is_ascii_graphic())
        {
            let what = match byte {
                b' ' => "a blank",
                b'\r' | b'\n' => "a line break",
                0x80.. => "a byte outside ASCII",
                _ => "a control character",
            };
            return wrong(&format!("has {what} at byte {at}: pass exactly the token"));
        }
        Ok(Self::of(BEARER, text, None))
    }

    /// One that an authorization server gave, bound to a key or to nobody. The
    /// text was checked.
    pub(crate) fn granted(text: &Secret, key: Option<Arc<Key>>) -> Self {
        Self::of(if key.is_some() { DPOP } else { BEARER }, text.expose(), key)
    }

    fn of(prefix: &str, text: &str, key: Option<Arc<Key>>) -> Self {
        let mut header = String::with_capacity(prefix.len() + text.len());
        header.push_str(prefix);
        header.push_str(text);
        Self(Arc::new(TokenInner { header: Secret::from(header), key }))
    }

    /// Whether it is the very same one, not one of the same text.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value of the Authorization header.
    pub(crate) fn header(&self) -> &str {
        self.0.header.expose()
    }

    /// The token without its prefix.
    pub(crate) fn bare(&self) -> &str {
        let prefix = if self.0.key.is_some() { DPOP } else { BEARER };
        self.header().get(prefix.len()..).unwrap_or_default()
    }

    /// The key that it is bound to.
    pub(crate) fn key(&self) -> Option<&Arc<Key>> {
        self.0.key.as_ref()
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0.header == other.0.header
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_a_token_without_showing_it() {
        for (text, words) in [
            ("", "is empty"),
            ("Bearer s3cret", "prefix"),
            ("bEaReR s3cret", "prefix"),
            (" Bearer s3cret", "prefix"),
            ("Bearer", "prefix"),
            ("s3cret ", "a blank at byte 6"),
            ("s3 cret", "a blank"),
            ("s3cret\n", "a line break"),
            ("s3cret\r\nX: y", "a line break"),
            ("s3cret\u{7f}", "a control"),
            ("s3cret\t", "a control"),
            ("s3cr\u{e9}t", "outside ASCII"),
        ] {
            let error = Token::parse(text).unwrap_err();
            assert!(error.message().contains(words), "{text:?}: {}", error.message());
            assert!(!error.message().contains("s3"), "{}", error.message());
        }
    }

    #[test]
    fn adds_the_prefix_and_hides_the_rest() {
        let token = Token::parse("Bearerish-a.b~c+d/e==").unwrap();
        assert_eq!(token.header(), "Bearer Bearerish-a.b~c+d/e==");
        assert_eq!(token.bare(), "Bearerish-a.b~c+d/e==");
        assert!(!format!("{token:?}").contains("Bearer"));
    }
}
