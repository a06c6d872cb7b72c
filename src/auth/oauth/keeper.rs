//! The entries of a store, for an exchange on whichever thread.

use std::sync::Arc;

use crate::auth::oauth::store::entry::Entry;
use crate::auth::oauth::store::{self, Held, Store};
use crate::auth::{Need, errand};
use crate::base::error::Result;
use crate::base::secret::Secret;
use crate::transport::wait::Wait;

pub(crate) struct Keeper<'a> {
    store: Arc<dyn Store>,
    need: Need<'a>,
}

impl<'a> Keeper<'a> {
    pub(crate) fn new(store: Arc<dyn Store>, need: Need<'a>) -> Self {
        Self { store, need }
    }

    /// Keeps other processes out.
    pub(crate) async fn lock(&self, wait: &Wait) -> Result<Arc<Held>> {
        store::lock(self.store.as_ref(), wait).await.map(Arc::new)
    }

    pub(crate) async fn read<E: Entry>(&self, key: &str) -> Result<Option<E>> {
        let found = self.load(key.to_owned()).await?;
        found.map(|text| store::parse(self.store.as_ref(), key, &text)).transpose()
    }

    /// Keeps an entry, over none that cannot be read.
    pub(crate) async fn write<E: Entry>(&self, held: &Arc<Held>, entry: &E) -> Result<()> {
        let key = entry.own_key();
        self.read::<E>(&key).await?;
        self.save(held.clone(), key, entry.text()).await
    }

    pub(crate) async fn remove(&self, held: &Arc<Held>, key: String) -> Result<()> {
        let (store, held) = (self.store.clone(), held.clone());
        self.run(move || store.remove(&held, &key)).await
    }

    async fn load(&self, key: String) -> Result<Option<Secret>> {
        let store = self.store.clone();
        self.run(move || store.load(&key)).await
    }

    async fn save(&self, held: Arc<Held>, key: String, text: Secret) -> Result<()> {
        let store = self.store.clone();
        self.run(move || store.save(&held, &key, &text)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if self.store.asks() { errand::ask(&self.need, work).await } else { work() }
    }
}
