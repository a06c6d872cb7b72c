//! An access token, checked to fit the Authorization header.

use std::fmt;
use std::ptr;
use std::sync::{Arc, Mutex, Weak};

use crate::auth::oauth::spec::key::Key;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;
use crate::base::sync::lock;

/// A token, and the key that it is bound to (DPoP), if any.
#[derive(Clone)]
pub(crate) struct Token(Arc<TokenInner>);

struct TokenInner {
    /// The value of the Authorization header.
    header: Secret,
    key: Option<Arc<Key>>,
    /// The texts that hold this token.
    texts: Mutex<Vec<Weak<TokenText>>>,
}

impl Drop for TokenInner {
    fn drop(&mut self) {
        for text in std::mem::take(&mut *lock(&self.texts)) {
            if let Some(text) = text.upgrade() {
                text.forget(self);
            }
        }
    }
}

/// A text that was written with a token. It is dropped with the token.
#[derive(Default)]
pub(crate) struct TokenText(Mutex<Option<(Weak<TokenInner>, Arc<Secret>)>>);

impl TokenText {
    /// The text for a token. `write` writes it if the last one was for another
    /// token.
    pub(crate) fn get(
        self: &Arc<Self>,
        token: &Token,
        write: impl FnOnce() -> Result<Secret>,
    ) -> Result<Arc<Secret>> {
        let mut kept = lock(&self.0);
        // The same object, not just the same text: a token may be bound to a key.
        if let Some((known, text)) = &*kept
            && ptr::eq(known.as_ptr(), Arc::as_ptr(&token.0))
        {
            return Ok(text.clone());
        }
        let text = Arc::new(write()?);
        *kept = Some((Arc::downgrade(&token.0), text.clone()));
        drop(kept);
        token.note(self);
        Ok(text)
    }

    fn forget(&self, token: &TokenInner) {
        let mut kept = lock(&self.0);
        if kept.as_ref().is_some_and(|(known, _)| ptr::eq(known.as_ptr(), token)) {
            *kept = None;
        }
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TokenText")
    }
}

const BEARER: &str = "Bearer ";
const DPOP: &str = "DPoP ";

impl Token {
    /// Reads a token of the application. The error does not quote it.
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

    /// A token of an authorization server, bound to a key or not. Its text is
    /// already checked.
    pub(crate) fn granted(text: &Secret, key: Option<Arc<Key>>) -> Self {
        Self::of(if key.is_some() { DPOP } else { BEARER }, text.expose(), key)
    }

    fn of(prefix: &str, text: &str, key: Option<Arc<Key>>) -> Self {
        let mut header = String::with_capacity(prefix.len() + text.len());
        header.push_str(prefix);
        header.push_str(text);
        let (header, texts) = (Secret::from(header), Mutex::default());
        Self(Arc::new(TokenInner { header, key, texts }))
    }

    /// Whether it is the same object, not just the same text.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Notes a text that holds this token.
    fn note(&self, text: &Arc<TokenText>) {
        let mut texts = lock(&self.0.texts);
        texts.retain(|one| one.strong_count() > 0 && !ptr::eq(one.as_ptr(), Arc::as_ptr(text)));
        texts.push(Arc::downgrade(text));
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
    fn refuses_an_invalid_token_without_quoting_it() {
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
    fn drops_the_texts_that_hold_it() {
        let (one, other) = (Token::parse("a").unwrap(), Token::parse("a").unwrap());
        let texts = [(); 3].map(|()| Arc::<TokenText>::default());
        let write = |token: &Token| Ok(Secret::from(token.bare()));
        let mut written = Vec::new();
        for text in &texts {
            for token in [&other, &one, &one] {
                written.push(Arc::downgrade(&text.get(token, || write(token)).unwrap()));
            }
        }
        texts[2].get(&other, || write(&other)).unwrap();
        drop(one.clone());
        let left = |written: &[Weak<Secret>]| written.iter().map(Weak::strong_count).sum::<usize>();
        assert_eq!(left(&written), 4, "the last text of the first two, noted twice each");
        drop(one);
        assert_eq!(left(&written), 0);
        assert!(lock(&texts[2].0).is_some());
        drop(texts);
        drop(other);
    }

    #[test]
    fn adds_the_prefix_and_hides_the_rest() {
        let token = Token::parse("Bearerish-a.b~c+d/e==").unwrap();
        assert_eq!(token.header(), "Bearer Bearerish-a.b~c+d/e==");
        assert_eq!(token.bare(), "Bearerish-a.b~c+d/e==");
        assert!(!format!("{token:?}").contains("Bearer"));
    }
}
