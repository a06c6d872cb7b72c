//! Whether a registration is used for the next sign-in.
//!
//! A server that has forgotten a registration may show that to the person only,
//! and never redirect. So the registration is in doubt from before the browser
//! opens until an answer arrives. The mark is in the store: it is there also if
//! the process ends. A registration in doubt is used for no new sign-in. Tokens
//! that were issued to it are used until the server refuses them.

use std::sync::Arc;
use std::time::SystemTime;

use crate::auth::oauth::flow::client::ClientIdentity;
use crate::auth::oauth::flow::context::Flow;
use crate::auth::oauth::flow::discover::Discovered;
use crate::auth::oauth::spec::jwt::seconds;
use crate::auth::oauth::spec::registration::ApplicationType;
use crate::auth::oauth::store::StoreLock;
use crate::auth::oauth::store::entry::{Endpoint, Registration, StoreEntry, Tokens};
use crate::base::error::Result;

impl Flow<'_> {
    /// Marks the registration of a sign-in that begins.
    pub(super) async fn mark_in_doubt(&self, found: &Discovered, client: &ClientIdentity) {
        if !self.may_be_in_doubt(client) {
            return;
        }
        let marked = async {
            let since = Some(seconds(SystemTime::now())?);
            let lock = self.store.lock(&self.limit()).await?;
            self.write_mark(&lock, found, client, since).await?;
            // mcp_sign_out() finds the registration by this entry.
            let key = Endpoint::key(&self.account.endpoint);
            if self.store.read::<Endpoint>(&key).await?.is_some() {
                return Ok(());
            }
            let endpoint = self.endpoint_entry(found.issuer(), &found.resource, &client.id);
            self.store.write(&lock, &endpoint).await
        };
        if let Err(error) = marked.await {
            self.store_failed(error);
        }
    }

    /// Removes the mark: the server has answered.
    pub(super) async fn clear_doubt(&self, found: &Discovered, client: &ClientIdentity) {
        if !self.may_be_in_doubt(client) {
            return;
        }
        let marked = async {
            let lock = self.store.lock(&self.limit()).await?;
            self.write_mark(&lock, found, client, None).await
        };
        if let Err(error) = marked.await {
            self.store_failed(error);
        }
    }

    /// Whether a person signs in with a registration of the library.
    fn may_be_in_doubt(&self, client: &ClientIdentity) -> bool {
        self.settings.grant.needs_person() && client.source.is_registered()
    }

    async fn write_mark(
        &self,
        lock: &Arc<StoreLock>,
        found: &Discovered,
        client: &ClientIdentity,
        in_doubt_since: Option<u64>,
    ) -> Result<()> {
        let key = Registration::key(found.issuer(), self.settings.application_type());
        // Another process may have registered again.
        match self.store.read::<Registration>(&key).await? {
            Some(stored)
                if stored.client_id == client.id && stored.in_doubt_since != in_doubt_since =>
            {
                self.store.write(lock, &Registration { in_doubt_since, ..stored }).await
            }
            _ => Ok(()),
        }
    }

    /// Whether a stored registration may be used for a new sign-in. One in
    /// doubt is used if the server registers no clients any more. None is used at
    /// endpoints that the application set: its secret belongs to the endpoints of
    /// the metadata.
    pub(super) fn is_usable(&self, stored: &Registration, found: &Discovered) -> Result<bool> {
        if found.server.given_token_endpoint().is_some() {
            return Ok(false);
        }
        Ok(stored.in_doubt_since.is_none()
            || found.server.registration_endpoint(found.plain_http)?.is_none())
    }

    /// Removes the registration of a client that the server does not know.
    pub(super) async fn unregister(
        &self,
        found: &Discovered,
        client: &ClientIdentity,
    ) -> Result<()> {
        if !client.source.is_registered() {
            return Ok(());
        }
        let lock = self.store.lock(&self.limit()).await?;
        self.unregister_locked(&lock, found, &client.id).await
    }

    pub(super) async fn unregister_locked(
        &self,
        lock: &Arc<StoreLock>,
        found: &Discovered,
        client_id: &str,
    ) -> Result<()> {
        for kind in self.settings.registration_kinds() {
            let key = Registration::key(found.issuer(), kind);
            // Another process may have registered again.
            let stored = self.store.read::<Registration>(&key).await?;
            if stored.is_some_and(|stored| stored.client_id == client_id) {
                self.store.remove(lock, key).await?;
            }
        }
        Ok(())
    }

    /// Removes every registration at an authorization server, and the tokens for a
    /// resource that were issued to one. False if there is none.
    pub(super) async fn remove_registrations(
        &self,
        lock: &Arc<StoreLock>,
        issuer: &str,
        resource: &str,
    ) -> Result<bool> {
        let mut is_any = false;
        for kind in ApplicationType::ALL {
            let key = Registration::key(issuer, kind);
            // One that cannot be read is removed as well.
            let tokens = match self.store.read::<Registration>(&key).await {
                Ok(None) => continue,
                Ok(Some(read)) => Some(Tokens::key(issuer, resource, &read.client_id)),
                Err(_) => None,
            };
            is_any = true;
            for key in tokens.into_iter().chain([key]) {
                self.store.remove(lock, key).await?;
            }
        }
        Ok(is_any)
    }

    /// Copies the secret of a registration that is about to be replaced to the
    /// tokens that were issued to it. An earlier version of the library did not
    /// store it there.
    pub(super) async fn keep_beside_tokens(
        &self,
        lock: &Arc<StoreLock>,
        issuer: &str,
    ) -> Result<()> {
        let Some(held) = self.account.held() else { return Ok(()) };
        let key = Registration::key(issuer, self.settings.application_type());
        let Some(old) = self.store.read::<Registration>(&key).await? else { return Ok(()) };
        let is_its = held.entry.issuer == issuer && held.entry.client_id == old.client_id;
        if !is_its || held.entry.client_secret.is_some() || held.entry.auth_method.is_some() {
            return Ok(());
        }
        let (client_secret, auth_method) = (old.client_secret, old.auth_method);
        let entry = Tokens { client_secret, auth_method, ..held.entry.clone() };
        let kept = self.store.read::<Tokens>(&entry.own_key()).await?;
        if kept.is_some_and(|kept| kept == held.entry) {
            self.store.write(lock, &entry).await?;
        }
        self.account.set(Some(held.with_entry(entry)));
        Ok(())
    }
}
