//! The entries of a store, for an exchange on whichever thread.

use std::sync::Arc;
use std::time::Duration;

use crate::auth::oauth::Auth;
use crate::auth::oauth::callback::inside;
use crate::auth::oauth::store::entry::Entry;
use crate::auth::oauth::store::{self, Held, Store};
use crate::auth::{Need, errand};
use crate::base::error::Result;
use crate::transport::wait::Wait;

/// How long the program may take for one entry of its store.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Keeper<'a> {
    store: Arc<dyn Store>,
    auth: Arc<Auth>,
    need: Need<'a>,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(store: Arc<dyn Store>, auth: Arc<Auth>, need: Need<'a>) -> Self {
        Self { store, auth, need }
    }

    /// Keeps other processes out.
    pub(crate) async fn lock(&self, wait: &Wait) -> Result<Arc<Held>> {
        store::lock(self.store.as_ref(), wait).await.map(Arc::new)
    }

    pub(crate) async fn read<E: Entry + Send + 'static>(&self, key: &str) -> Result<Option<E>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        self.run(move || store::read::<E>(store.as_ref(), &key)).await
    }

    pub(crate) async fn write<E: Entry + Clone + Send + 'static>(
        &self,
        held: &Arc<Held>,
        entry: &E,
    ) -> Result<()> {
        let (store, held, entry) = (self.store.clone(), held.clone(), entry.clone());
        self.run(move || store::write(store.as_ref(), &held, &entry)).await
    }

    pub(crate) async fn remove(&self, held: &Arc<Held>, key: String) -> Result<()> {
        let (store, held) = (self.store.clone(), held.clone());
        self.run(move || store.remove(&held, &key)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if !self.store.asks() {
            return work();
        }
        let auth = self.auth.clone();
        // What was begun is finished, whoever gives up.
        let wait = self.need.wait.afterwards(LIMIT);
        errand::ask(self.need.caller, &wait, move || inside(&auth, work)).await
    }
}
