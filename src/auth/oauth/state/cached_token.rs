//! A token in use: when it expires, when it is renewed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::server_metadata::ServerMetadata;
use crate::auth::oauth::spec::token_response::TokenType;
use crate::auth::oauth::state::settings::Grant;
use crate::auth::oauth::store::entry::Tokens;
use crate::auth::token::Token;
use crate::base::sync::lock;

/// How long a server's metadata is good for a renewal.
const FRESH: Duration = Duration::from_secs(3600);

/// A token in use, and what is needed to renew it.
pub(crate) struct CachedToken {
    pub(crate) token: Token,
    pub(crate) entry: Tokens,
    /// When it expires, if the server said so.
    ends: Option<Instant>,
    /// When the library renews it.
    pub(super) renew: Option<Instant>,
    /// The metadata of the authorization server, and when it was read.
    server: Mutex<Option<(Arc<ServerMetadata>, Instant)>>,
}

impl CachedToken {
    /// `life`: how long the token is good from `since` on, if the server said.
    pub(crate) fn new(
        entry: Tokens,
        key: Option<Arc<Key>>,
        since: Instant,
        life: Option<Duration>,
        server: Option<Arc<ServerMetadata>>,
    ) -> Arc<Self> {
        let key = key.filter(|_| entry.token_type == TokenType::Dpop);
        let ends = life.and_then(|life| since.checked_add(life));
        Arc::new(Self {
            token: Token::granted(&entry.access_token, key),
            renew: ends.zip(life).and_then(|(ends, life)| ends.checked_sub(spare(life))),
            ends,
            entry,
            server: Mutex::new(server.map(|server| (server, since))),
        })
    }

    /// A token from the store. Its expiry is a time of the wall clock.
    pub(crate) fn stored(entry: Tokens, key: Option<Arc<Key>>) -> Arc<Self> {
        let now = SystemTime::now();
        let end = entry.expires_at.map(|end| UNIX_EPOCH + Duration::from_secs(end));
        let life = end.map(|end| end.duration_since(now).unwrap_or_default());
        Self::new(entry, key, Instant::now(), life, None)
    }

    /// The same access token with another entry.
    pub(crate) fn with_entry(&self, entry: Tokens) -> Arc<Self> {
        Arc::new(Self {
            token: self.token.clone(),
            entry,
            ends: self.ends,
            renew: self.renew,
            server: Mutex::new(lock(&self.server).clone()),
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ends.is_some_and(|end| Instant::now() >= end)
    }

    /// The server's metadata, unless it is old.
    pub(crate) fn fresh_server(&self) -> Option<Arc<ServerMetadata>> {
        let server = lock(&self.server);
        let (server, since) = server.as_ref()?;
        (since.elapsed() < FRESH).then(|| server.clone())
    }

    /// Has the metadata read again: outdated metadata may be why a renewal
    /// failed.
    pub(crate) fn forget_server(&self) {
        *lock(&self.server) = None;
    }

    pub(crate) fn can_be_renewed(&self, grant: Grant) -> bool {
        self.entry.refresh_token.is_some() || !grant.needs_person()
    }
}

/// How long before its expiry a token is renewed: half a minute or a tenth of
/// its life, but at most five minutes, and at most half of its life.
fn spare(life: Duration) -> Duration {
    const LEAST: Duration = Duration::from_secs(30);
    const MOST: Duration = Duration::from_secs(300);
    (life / 10).max(LEAST).min(MOST).min(life / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renews_shortly_before_the_expiry() {
        for (life, before) in [(3600, 300), (600, 60), (120, 30), (40, 20), (2, 1), (0, 0)] {
            let life = Duration::from_secs(life);
            assert_eq!(spare(life), Duration::from_secs(before), "{life:?}");
        }
    }
}
