//! A sign-in that waits for the redirect of the person's browser.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::auth::oauth::spec::authorization_response::read_response;
use crate::auth::oauth::spec::redact::display_url;
use crate::auth::oauth::spec::stray_redirect::{StrayRedirect, StrayRedirects};
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
    strays: Mutex<StrayRedirects>,
}

impl PendingSignIn {
    pub(crate) fn new(state: Secret, redirect: &str) -> Arc<Self> {
        Arc::new(Self {
            state,
            redirect: redirect.to_owned(),
            query: Mutex::new(None),
            arrived: Signal::shared(),
            strays: Mutex::default(),
        })
    }

    /// Takes the redirect URL as a person pastes it, or its query alone. The URL
    /// must be the one of the request. The error says why it is not the answer of
    /// this sign-in.
    pub(crate) fn offer_pasted(&self, address: &str) -> std::result::Result<(), String> {
        let parts = UrlParts::of(address.trim());
        let bare = |parts: UrlParts<'_>| parts.bare.trim_end_matches('/').to_ascii_lowercase();
        let is_address =
            parts.query.is_some() && parts.bare.contains(':') && !parts.bare.contains('=');
        if is_address && bare(parts) != bare(UrlParts::of(self.redirect.trim())) {
            return Err("it does not begin with the redirect URL of the sign-in".to_owned());
        }
        let query = query_of(parts);
        if self.offer(query) {
            Ok(())
        } else if self.is_stray(query) {
            Err(format!("it {}", self.stray(query).describe()))
        } else {
            Err("the sign-in already has an answer".to_owned())
        }
    }

    /// Whether the query of a redirect belongs to no or to another sign-in.
    fn is_stray(&self, query: &str) -> bool {
        !read_response(query).is_for(&self.state)
    }

    fn stray(&self, query: &str) -> StrayRedirect {
        StrayRedirect::of(query, std::slice::from_ref(&self.state))
    }

    /// Records a request of the browser that was not taken.
    pub(crate) fn add_stray(&self, query: &str) {
        if self.is_stray(query) {
            lock(&self.strays).add(self.stray(query));
        }
    }

    pub(crate) fn add_stray_post(&self) {
        lock(&self.strays).add(StrayRedirect::post());
    }

    pub(crate) fn add_stray_too_long(&self) {
        lock(&self.strays).add(StrayRedirect::too_long());
    }

    /// The report about such requests that is due now, and the time until the
    /// next one.
    pub(crate) fn stray_report(&self, now: Instant) -> (Option<String>, Option<Duration>) {
        let mut strays = lock(&self.strays);
        let report = strays.report(now, &display_url(&self.redirect));
        (report, strays.due(now))
    }

    pub(crate) fn stray_summary(&self) -> Option<String> {
        lock(&self.strays).summary()
    }

    /// Takes the query of a redirect if it has the right state and is the first.
    pub(crate) fn offer(&self, query: &str) -> bool {
        let mut kept = lock(&self.query);
        if kept.is_some() || self.is_stray(query) {
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
    fn accepts_the_first_response_with_its_state() {
        let sign_in = PendingSignIn::new(Secret::from("a+b"), "http://127.0.0.1:1/callback");
        for (pasted, why) in [
            ("com.other:/callback?state=a%2Bb", "begin with the redirect URL"),
            ("http://127.0.0.1:1/callback?error=no_way", "has no \"state\" (error \"no_way\")"),
            ("code=1&state=x", "another \"state\""),
        ] {
            let refused = sign_in.offer_pasted(pasted).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        for other in ["", "code=1", "state=", "state=a+b", "state=A%2Bb", "code=1&State=a%2Bb"] {
            assert!(!sign_in.offer(other), "{other}");
        }
        assert!(sign_in.query().is_none() && !sign_in.arrived().is_raised());
        assert!(sign_in.offer("code=1&state=a%2Bb"));
        assert!(!sign_in.offer("code=2&state=a%2Bb"));
        assert!(sign_in.offer_pasted("state=a%2Bb").unwrap_err().contains("already"));
        sign_in.add_stray("code=2&state=a%2Bb");
        assert!(sign_in.stray_summary().is_none(), "a repeated answer is not a stray one");
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
