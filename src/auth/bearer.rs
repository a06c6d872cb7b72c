//! Bearer tokens (RFC 6750): one that is given, or one that is asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::Credential;
use crate::base::error::{Error, Result};
use crate::base::secret::Secret;

/// A bearer token that may go into a header as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token(Arc<Secret>);

const PREFIX: &str = "Bearer ";

impl Token {
    /// Refuses what no server could have meant, without quoting it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Err(Error::argument(format!("token {what}")));
        if text.is_empty() {
            return wrong("is empty: pass NULL for no token");
        }
        let bare = text.trim_start();
        if bare.get(..PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(PREFIX))
            || bare.trim_end().eq_ignore_ascii_case(PREFIX.trim_end())
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
        Ok(Self(Arc::new(Secret::from(format!("{PREFIX}{text}")))))
    }

    /// Whether it is the very same one, not one of the same text.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The value of the Authorization header.
    pub(crate) fn header(&self) -> &str {
        self.0.expose()
    }

    /// The token without its prefix.
    pub(crate) fn bare(&self) -> &str {
        self.header().get(PREFIX.len()..).unwrap_or_default()
    }
}

/// A token that is given, or none.
#[derive(Debug, Default)]
pub(crate) struct Fixed(pub(crate) Option<Token>);

impl Credential for Fixed {
    fn token(&self) -> Result<Option<Token>> {
        Ok(self.0.clone())
    }

    fn refused(&self, _token: Option<&Token>) -> Result<Option<Token>> {
        Ok(None)
    }

    fn asks(&self) -> bool {
        false
    }

    fn current(&self) -> Option<Token> {
        self.0.clone()
    }
}

/// A function of the program's that gives the token; it is told if the last
/// one was refused.
pub(crate) type Ask = dyn Fn(bool) -> Result<Token> + Send + Sync;

/// A token that the program is asked for: once at first, and again when the
/// server refuses it.
pub(crate) struct Asked {
    ask: Box<Ask>,
    token: Mutex<Option<Token>>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Asked")
    }
}

impl Asked {
    pub(crate) fn new(ask: Box<Ask>) -> Self {
        Self { ask, token: Mutex::new(None) }
    }

    /// No lock is held while the program's function runs: it may take long.
    fn renew(&self, is_refused: bool) -> Result<Token> {
        let token = (self.ask)(is_refused)?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }
}

impl Credential for Asked {
    fn token(&self) -> Result<Option<Token>> {
        match self.current() {
            Some(token) => Ok(Some(token)),
            None => self.renew(false).map(Some),
        }
    }

    fn refused(&self, token: Option<&Token>) -> Result<Option<Token>> {
        // Another thread may have renewed it while this request was under way.
        let current = self.current();
        if current.is_some() && current.as_ref() != token {
            return Ok(current);
        }
        let renewed = self.renew(true)?;
        Ok((Some(&renewed) != token).then_some(renewed))
    }

    fn asks(&self) -> bool {
        true
    }

    fn current(&self) -> Option<Token> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

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

    #[test]
    fn asks_once_and_again_when_refused() {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let credential = Asked::new(Box::new(move |is_refused| {
            let number = count.fetch_add(1, Ordering::Relaxed);
            assert_eq!(is_refused, number > 0);
            Token::parse(if number == 0 { "old" } else { "new" })
        }));
        let old = credential.token().unwrap();
        assert_eq!(credential.token().unwrap(), old);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        assert_eq!(credential.refused(old.as_ref()).unwrap().unwrap().bare(), "new");
        // A late refusal of the old one needs no question.
        assert_eq!(credential.refused(old.as_ref()).unwrap().unwrap().bare(), "new");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
        // The same token again is no other token.
        let new = credential.token().unwrap();
        assert_eq!(credential.refused(new.as_ref()).unwrap(), None);
    }
}
