//! Asking a token endpoint: with the client's own proof of who it is, and a
//! proof of the key that tokens are bound to.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::auth::oauth::answer::{Failure, Granted, Kind, read_token};
use crate::auth::oauth::discover::{Found, reply};
use crate::auth::oauth::dpop;
use crate::auth::oauth::exchange::Exchange;
use crate::auth::oauth::form::{Form, client_basic};
use crate::auth::oauth::identify::Identity;
use crate::auth::oauth::identity::Method;
use crate::auth::oauth::jwt::{Key, client_assertion};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::transport::agent::Agent;
use crate::wire::url::Url;

const FORM: &str = "application/x-www-form-urlencoded";

/// A token, and when it was asked for: its life counts from there.
pub(super) struct Got {
    pub(super) granted: Granted,
    pub(super) since: (Instant, SystemTime),
}

/// What a token endpoint is asked.
pub(super) struct Ask<'a> {
    /// For messages.
    pub(super) step: &'static str,
    pub(super) url: &'a str,
    /// What the grant needs; `resource` and the client are added.
    pub(super) parts: &'a [(&'a str, &'a str)],
    pub(super) identity: &'a Identity,
    pub(super) key: Option<&'a Arc<Key>>,
}

impl Exchange<'_> {
    /// Sends a request for a token, and once more where the server wants a
    /// value of its own in the proof.
    pub(super) async fn ask_token(
        &self,
        agent: &Agent,
        found: &Found,
        ask: &Ask<'_>,
    ) -> Result<std::result::Result<Got, Failure>> {
        let mut has_repeated = false;
        loop {
            let since = (Instant::now(), SystemTime::now());
            let (fetched, has_nonce) = self.post_form(agent, found, ask).await?;
            let reply = reply(ask.url, &fetched);
            let failure = match read_token(ask.step, &reply, ask.key.is_some(), &self.hidden()) {
                Ok(granted) => return Ok(Ok(Got { granted, since })),
                Err(failure) => failure,
            };
            if failure.kind != Kind::UseDpopNonce || has_repeated || !has_nonce {
                return Ok(Err(failure));
            }
            has_repeated = true;
        }
    }

    /// Says as well whether a value for proofs has come with the reply.
    async fn post_form(
        &self,
        agent: &Agent,
        found: &Found,
        ask: &Ask<'_>,
    ) -> Result<(crate::transport::agent::Fetched, bool)> {
        let origin = Url::parse(ask.url)?.origin.to_string();
        let now = SystemTime::now();
        let mut form = Form::new();
        for (name, value) in ask.parts {
            form.push(name, value);
        }
        let identity = ask.identity;
        let mut headers: Vec<(&str, Secret)> = Vec::new();
        match (identity.method, &identity.secret) {
            (Method::Basic, Some(secret)) => {
                headers.push(("Authorization", client_basic(&identity.id, secret)));
            }
            (Method::Post, Some(secret)) => {
                form.push("client_id", &identity.id);
                form.push("client_secret", secret.expose());
            }
            (Method::PrivateKeyJwt, _) => {
                let key = self.settings.key.as_ref().ok_or_else(no_key)?;
                let assertion = client_assertion(key, &identity.id, found.issuer(), now)?;
                form.push(
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                );
                form.push("client_assertion", assertion.expose());
                self.hide(&assertion);
            }
            _ if identity.id.is_empty() => {}
            _ => form.push("client_id", &identity.id),
        }
        if let Some(key) = ask.key {
            let nonce = self.auth.nonce(&origin);
            let proof = dpop::Proof {
                method: "POST",
                url: ask.url,
                token: None,
                nonce: nonce.as_deref(),
            };
            headers.push(("DPoP", dpop::proof(key, &proof, now)?));
        }
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.expose())).collect();
        let limit = self.limit();
        let fetched = agent.post(ask.url, FORM, &headers, &form.end(), &limit).await;
        let fetched = fetched.map_err(|error| error.during(ask.step))?;
        if let Some(nonce) = &fetched.dpop_nonce {
            self.auth.set_nonce(&origin, nonce);
        }
        let has_nonce = fetched.dpop_nonce.is_some();
        Ok((fetched, has_nonce))
    }
}

fn no_key() -> Error {
    Error::new(Status::Auth, "no key to sign with; see mcp_auth_set_client_key()")
}
