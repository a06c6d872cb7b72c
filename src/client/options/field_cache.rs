//! The header fields of every POST with one token, written once.

use std::sync::{Arc, Mutex};

use crate::auth::token::{Token, TokenText};
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::base::sync::lock;

/// Belongs to one set of options. Changed options begin with an empty cache.
#[derive(Debug, Default)]
pub(crate) struct FieldCache {
    without_token: Mutex<Option<Arc<Secret>>>,
    with_token: Arc<TokenText>,
}

impl Clone for FieldCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl FieldCache {
    /// The fields for a token. `write` writes them if the last ones were for
    /// another token.
    pub(crate) fn get(
        &self,
        token: Option<&Token>,
        write: impl FnOnce() -> Result<Secret>,
    ) -> Result<Arc<Secret>> {
        if let Some(token) = token {
            return self.with_token.get(token, write);
        }
        let mut cached = lock(&self.without_token);
        if let Some(text) = &*cached {
            return Ok(text.clone());
        }
        let text = Arc::new(write()?);
        *cached = Some(text.clone());
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_fields_again_for_another_token() {
        let cache = FieldCache::default();
        let mut count = 0;
        let mut get = |cache: &FieldCache, token: Option<&Token>| {
            let text = cache.get(token, || {
                count += 1;
                Ok(Secret::from(token.map_or("none", Token::bare)))
            });
            (text.unwrap().expose().to_owned(), count)
        };
        let (one, other) = (Token::parse("t").unwrap(), Token::parse("t").unwrap());
        assert_eq!(get(&cache, None), ("none".to_owned(), 1));
        assert_eq!(get(&cache, None).1, 1);
        assert_eq!(get(&cache, Some(&one)), ("t".to_owned(), 2));
        assert_eq!(get(&cache, Some(&one.clone())).1, 2);
        // The same text in another token may be bound to a key.
        assert_eq!(get(&cache, Some(&other)).1, 3);
        assert_eq!(get(&cache.clone(), Some(&other)).1, 4, "options that were changed");
        assert_eq!(get(&cache, None), ("none".to_owned(), 4));
        let failed = cache.clone().get(None, || Err(crate::base::error::Error::argument("x")));
        assert!(failed.is_err());
    }
}
