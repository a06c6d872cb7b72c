//! What a token is requested for: the scopes, and the key to bind it to.

use std::sync::Arc;

use crate::auth::oauth::flow::context::{Flow, Reason};
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::spec::key::Key;
use crate::auth::oauth::spec::scope::{self, ScopeSources, StepUp};
use crate::auth::oauth::spec::token_response::DpopUse;
use crate::auth::oauth::state::cached_token::CachedToken;
use crate::base::error::{Error, Result, Status, quote};
use crate::wire::challenge::Challenge;

#[derive(Clone)]
pub(super) struct TokenParameters {
    /// The pieces of the scope; empty: the server chooses.
    pub(super) scopes: Vec<String>,
    /// The key to bind the token to (DPoP).
    pub(super) key: Option<Arc<Key>>,
    /// A token that is not bound is of no use.
    pub(super) demands_dpop: bool,
}

impl TokenParameters {
    /// The parameters with which a cached token was requested.
    pub(super) fn of_cached(held: &CachedToken) -> Self {
        Self {
            scopes: scope::pieces(held.entry.requested_scope.as_deref().unwrap_or_default()),
            key: held.token.key().cloned(),
            demands_dpop: held.token.key().is_some(),
        }
    }

    fn covers(&self, scopes: &[String]) -> bool {
        scopes.iter().all(|one| self.scopes.contains(one))
    }

    pub(super) fn scope(&self) -> Option<String> {
        (!self.scopes.is_empty()).then(|| scope::join(&self.scopes))
    }

    pub(super) fn dpop_use(&self) -> DpopUse {
        match self.key {
            None => DpopUse::None,
            Some(_) if self.demands_dpop => DpopUse::Demanded,
            Some(_) => DpopUse::Sent,
        }
    }
}

impl Flow<'_> {
    /// The parameters to request a token like a cached one by a grant without a
    /// person.
    pub(super) fn renewal_parameters(&self, held: &CachedToken) -> TokenParameters {
        let parameters = TokenParameters::of_cached(held);
        let scopes = self.settings.scope.as_deref().map(scope::pieces);
        match scopes {
            // A step-up may have added scopes to those of the application.
            Some(scopes) if scopes.is_empty() || !parameters.covers(&scopes) => {
                TokenParameters { scopes, ..parameters }
            }
            _ => parameters,
        }
    }

    /// Chooses the scopes and the key.
    pub(super) fn token_parameters(
        &self,
        found: &Discovered,
        held: Option<&CachedToken>,
        reason: Reason<'_>,
    ) -> Result<TokenParameters> {
        let sources = ScopeSources {
            application: self.settings.scope.as_deref(),
            challenge: reason.challenge().and_then(|challenge| challenge.get("scope")),
            resource: found.scopes.as_deref(),
            server: found.server.scopes_supported.as_deref(),
            is_browser: self.settings.grant.needs_person(),
        };
        let scopes = match reason {
            Reason::InsufficientScope { challenge, .. } => self.step_up_scopes(held, challenge)?,
            _ => sources.first(),
        };
        let demands_dpop = self.settings.dpop == Some(true) || found.demands_dpop;
        let only_dpop = matches!(reason, Reason::Unauthorized { only_dpop: true, .. });
        let was_bound = held.is_some_and(|held| held.token.key().is_some());
        let wants_dpop =
            self.settings.dpop != Some(false) && (demands_dpop || only_dpop || was_bound);
        let key = if wants_dpop { self.dpop_key(found, held, demands_dpop)? } else { None };
        Ok(TokenParameters { scopes, key, demands_dpop })
    }

    /// The scopes of a step-up authorization. An error if it would gain nothing
    /// over the cached token.
    pub(super) fn step_up_scopes(
        &self,
        held: Option<&CachedToken>,
        challenge: Option<&Challenge>,
    ) -> Result<Vec<String>> {
        let wanted = challenge.and_then(|challenge| challenge.get("scope"));
        let before = held.and_then(|held| held.entry.requested_scope.as_deref());
        let before = scope::pieces(before.unwrap_or_default());
        let refused = |why: String| Err(Error::new(Status::Forbidden, why));
        let application = self.settings.scope.as_deref();
        let scopes = match scope::step_up(application, &before, &before, wanted) {
            StepUp::Scopes(scopes) => scopes,
            StepUp::GainsNothing => {
                return refused(match wanted {
                    None | Some("") => {
                        "the token lacks a scope, and the server does not say which".to_owned()
                    }
                    Some(wanted) => format!(
                        "the server requires the scope \"{}\", with which the token was already \
                         requested",
                        quote(wanted)
                    ),
                });
            }
            StepUp::NotWanted => {
                return refused(format!(
                    "the server requires the scope \"{}\", and the application requests none: \
                     set it with mcp_auth_set_scope()",
                    quote(wanted.unwrap_or_default())
                ));
            }
        };
        if self.account.was_declined(&scope::join(&scopes)) {
            return refused(format!(
                "the scope \"{}\" was requested before and not granted",
                quote(&scope::join(&scopes))
            ));
        }
        Ok(scopes)
    }

    fn dpop_key(
        &self,
        found: &Discovered,
        held: Option<&CachedToken>,
        is_demanded: bool,
    ) -> Result<Option<Arc<Key>>> {
        let algorithm = match found.dpop_algorithm(self.settings.dpop_key.as_deref()) {
            Ok(algorithm) => algorithm,
            Err(_) if !is_demanded => return Ok(None),
            Err(error) => return Err(error),
        };
        if let Some(key) = &self.settings.dpop_key {
            return Ok(Some(key.clone()));
        }
        if let Some(key) = held.and_then(|held| held.token.key()) {
            return Ok(Some(key.clone()));
        }
        Key::generate_for(algorithm).map(|key| Some(Arc::new(key)))
    }
}
