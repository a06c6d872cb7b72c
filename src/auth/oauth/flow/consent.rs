//! Whether a sign-in asks for consent, and the record of what that led to.

use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::flow::token_parameters::TokenParameters;
use crate::auth::oauth::spec::consent::{ConsentHistory, has_consent};
use crate::auth::oauth::spec::scope::asks_for_offline;
use crate::auth::oauth::store::consent::Consent;

/// The consent of one sign-in.
pub(super) struct SignInConsent {
    /// `None` if the sign-in asks for no refresh token.
    history: Option<ConsentHistory>,
    /// Whether the library adds the prompt.
    is_added: bool,
    has_prompt: bool,
}

impl SignInConsent {
    pub(super) fn is_added(&self) -> bool {
        self.is_added
    }

    /// What is known after the server refused the prompt, if that is new. The
    /// sign-in goes on without it.
    pub(super) fn refused(&mut self) -> Option<ConsentHistory> {
        self.has_prompt = false;
        self.change(|_| ConsentHistory::Useless)
    }

    /// What is known after the server gave tokens, if that is new.
    pub(super) fn granted(&mut self, has_refresh_token: bool) -> Option<ConsentHistory> {
        let had_prompt = self.has_prompt;
        self.change(|history| history.after(had_prompt, has_refresh_token))
    }

    fn change(
        &mut self,
        change: impl FnOnce(ConsentHistory) -> ConsentHistory,
    ) -> Option<ConsentHistory> {
        let history = self.history?;
        let changed = change(history);
        self.history = Some(changed);
        (changed != history).then_some(changed)
    }
}

impl Flow<'_> {
    /// Decides whether the authorization request has `prompt=consent`.
    pub(super) async fn consent(
        &self,
        found: &Discovered,
        parameters: &TokenParameters,
    ) -> SignInConsent {
        let own = self.settings.authorization_edits.get("prompt");
        let mut consent = SignInConsent {
            history: None,
            is_added: false,
            has_prompt: own.flatten().is_some_and(has_consent),
        };
        if !asks_for_offline(&parameters.scopes) {
            return consent;
        }
        // No entry of this kind may prevent a sign-in.
        let read = self.store.read::<Consent>(&Consent::key(found.issuer())).await;
        let stored = read.unwrap_or_else(|error| {
            self.store_failed(error);
            None
        });
        let history = stored.map(|stored| stored.history).unwrap_or_default();
        consent.history = Some(history);
        if own.is_none() && history.wants_prompt() {
            (consent.is_added, consent.has_prompt) = (true, true);
            let during = consent.change(ConsentHistory::during_prompt);
            self.record_consent(found, during).await;
        }
        consent
    }

    /// Stores what is known about an issuer. `None`: nothing new.
    pub(super) async fn record_consent(&self, found: &Discovered, history: Option<ConsentHistory>) {
        let Some(history) = history else { return };
        let entry = Consent { issuer: found.issuer().to_owned(), history, ..Consent::default() };
        let kept = async {
            let lock = self.store.lock(&self.limit()).await?;
            self.store.write(&lock, &entry).await
        };
        if let Err(error) = kept.await {
            self.store_failed(error);
        }
    }
}
