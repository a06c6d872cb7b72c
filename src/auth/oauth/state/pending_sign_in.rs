//! A sign-in that waits for the redirect of the person's browser.

use std::sync::{Arc, Mutex};

use crate::auth::oauth::spec::authorization_response::read_response;
use crate::base::secret::Secret;
use crate::base::signal::Signal;
use crate::base::sync::lock;
use crate::wire::url::UrlParts;

/// A sign-in that waits for one response, from the listener or from
/// mcp_auth_complete().
pub(crate) struct PendingSignIn {
    state: Secret,
    /// The redirect URL of the request.
    redirect: String,
    /// The query of the redirect.
    query: Mutex<Option<Secret>>,
    arrived: Arc<Signal>,
}

impl PendingSignIn {
    pub(crate) fn new(state: Secret, redirect: &str) -> Arc<Self> {
        Arc::new(Self {
            state,
            redirect: redirect.to_owned(),
            query: Mutex::new(None),
            arrived: Signal::shared(),
        })
    }

    /// Takes the redirect URL as a person pastes it, or its query alone. The URL
    /// must be the one of the request. False if the response belongs to another
    /// sign-in.
    pub(crate) fn offer_pasted(&self, address: &str) -> bool {
        let parts = UrlParts::of(address.trim());
        let bare = |parts: UrlParts<'_>| parts.bare.trim_end_matches('/').to_ascii_lowercase();
        let is_address =
            parts.query.is_some() && parts.bare.contains(':') && !parts.bare.contains('=');
        if is_address && bare(parts) != bare(UrlParts::of(self.redirect.trim())) {
            return false;
        }
        self.offer(query_of(parts))
    }

    /// Takes the query of a redirect if it has the right state and is the first.
    pub(crate) fn offer(&self, query: &str) -> bool {
        let mut kept = lock(&self.query);
        if kept.is_some() || !read_response(query).is_for(&self.state) {
            return false;
        }
        *kept = Some(Secret::from(query));
        self.arrived.raise();
        true
    }

    pub(crate) fn query(&self) -> Option<Secret> {
        lock(&self.query).clone()
    }

    pub(crate) fn arrived(&self) -> &Arc<Signal> {
        &self.arrived
    }
}

/// The query of a pasted address. A text without a "?" may be the query alone.
fn query_of(pasted: UrlParts<'_>) -> &str {
    pasted.query.unwrap_or(pasted.bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_answer_with_its_state() {
        let sign_in = PendingSignIn::new(Secret::from("a+b"), "http://127.0.0.1:1/callback");
        assert!(!sign_in.offer_pasted("com.other:/callback?state=a%2Bb"));
        for other in ["", "code=1", "state=", "state=a+b", "state=A%2Bb", "code=1&State=a%2Bb"] {
            assert!(!sign_in.offer(other), "{other}");
        }
        assert!(sign_in.query().is_none() && !sign_in.arrived().is_raised());
        assert!(sign_in.offer("code=1&state=a%2Bb"));
        assert!(!sign_in.offer("code=2&state=a%2Bb"));
        assert_eq!(sign_in.query().unwrap().expose(), "code=1&state=a%2Bb");
        assert!(sign_in.arrived().is_raised());
    }

    #[test]
    fn reads_what_people_paste() {
        for address in ["http://127.0.0.1:1/callback?a=b", " a:/b?a=b#c\n", "?a=b", "a=b"] {
            assert_eq!(query_of(UrlParts::of(address.trim())), "a=b", "{address}");
        }
    }
}
