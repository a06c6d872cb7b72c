//! Where the client id of a token request stands. Its place is the proof of the
//! client. Some servers look for it in the form only, and strict servers refuse it
//! there beside a proof.

use std::sync::Arc;

use crate::auth::oauth::flow::client::ClientIdentity;
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::{Discovered, endpoint_response};
use crate::auth::oauth::flow::token_endpoint::TokenRequest;
use crate::auth::oauth::host::http_client::{Fetched, HttpClient};
use crate::auth::oauth::spec::client_refusal::{
    accepts_client, advice, misses_client_id, refuses_two_methods, wants_nonce,
};
use crate::auth::oauth::spec::endpoint_response::EndpointResponse;
use crate::auth::oauth::spec::token_request::AuthMethod;
use crate::auth::oauth::spec::token_response::TokenStep;
use crate::auth::oauth::state::client_id_places::ClientIdPlace;
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::ServerNeeds;
use crate::base::error::Result;

impl Flow<'_> {
    /// Sends a form to an endpoint of the authorization server. Sends it once more,
    /// with the client id in the other place, if the server refuses it for that.
    /// Such a refusal comes before the server looks at a code or a token.
    pub(super) async fn post_form(
        &self,
        http: &HttpClient,
        found: &Discovered,
        ask: &TokenRequest<'_>,
    ) -> Result<Fetched> {
        if !ask.client.method.proves_id() || ask.client.id.is_empty() {
            return self.send_form(http, found, ask, false).await;
        }
        let issuer = found.issuer();
        let place = self.client_id_place(issuer).await;
        let first = self.send_form(http, found, ask, place.repeats_id).await?;
        let response = endpoint_response(ask.url, &first);
        let is_misplaced = match place.repeats_id {
            true => refuses_two_methods(&response),
            false => misses_client_id(&response),
        };
        if !is_misplaced {
            return Ok(first);
        }
        // The server may close the connection after an error.
        http.close_connections();
        let second = self.send_form(http, found, ask, !place.repeats_id).await?;
        let response = endpoint_response(ask.url, &second);
        if !place.repeats_id && refuses_two_methods(&response) {
            // The first place was right, so the first refusal has the cause.
            return Ok(first);
        }
        // A revocation endpoint may differ from the token endpoint.
        let is_new = accepts_client(&response) || wants_nonce(&response);
        if is_new && ask.step != TokenStep::Revocation {
            let repeats_id = !place.repeats_id;
            self.auth.client_id_places.set(issuer, ClientIdPlace { repeats_id, ..place });
        }
        Ok(second)
    }

    /// The place that worked at this server, in this process or an earlier one.
    async fn client_id_place(&self, issuer: &str) -> ClientIdPlace {
        if let Some(place) = self.auth.client_id_places.get(issuer) {
            return place;
        }
        let stored = match self.store.read::<ServerNeeds>(&ServerNeeds::key(issuer)).await {
            Ok(needs) => needs.is_some_and(|needs| needs.repeats_id),
            Err(error) => {
                self.store_failed(error);
                return ClientIdPlace { repeats_id: false, stored: false };
            }
        };
        let place = ClientIdPlace { repeats_id: stored, stored };
        self.auth.client_id_places.set(issuer, place);
        place
    }

    /// Stores the place that worked, if the store has another.
    pub(super) async fn store_client_id_place(&self, issuer: &str, lock: Option<&Arc<StoreLock>>) {
        let Some(place) = self.auth.client_id_places.get(issuer) else { return };
        if place.repeats_id == place.stored {
            return;
        }
        let kept = async {
            let lock = self.store.lock_or(lock, &self.limit()).await?;
            let key = ServerNeeds::key(issuer);
            let known = self.store.read::<ServerNeeds>(&key).await?.unwrap_or_default();
            let (issuer, repeats_id) = (issuer.to_owned(), place.repeats_id);
            self.store.write(&lock, &ServerNeeds { issuer, repeats_id, ..known }).await
        };
        match kept.await {
            Ok(()) => {
                let stored = place.repeats_id;
                self.auth.client_id_places.set(issuer, ClientIdPlace { stored, ..place });
            }
            Err(error) => self.store_failed(error),
        }
    }

    /// What to do about a refusal of the client's authentication.
    pub(super) fn method_advice(
        &self,
        response: &EndpointResponse<'_>,
        found: &Discovered,
        client: &ClientIdentity,
    ) -> Option<String> {
        let can_register = client.source.is_registered();
        advice(response, client.method, &found.server, |method| match method {
            AuthMethod::None => !client.id.is_empty(),
            AuthMethod::Basic | AuthMethod::Post => client.secret.is_some() || can_register,
            AuthMethod::PrivateKeyJwt => self.settings.key.is_some(),
        })
    }
}
