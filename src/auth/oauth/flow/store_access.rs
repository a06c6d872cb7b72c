//! Access to the token store from a flow, on any thread.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::auth::callback;
use crate::auth::credential::Need;
use crate::auth::oauth::state::auth::Auth;
use crate::auth::oauth::state::reentrancy::inside;
use crate::auth::oauth::store::entry::StoreEntry;
use crate::auth::oauth::store::{self, Check, Store, StoreLock};
use crate::base::error::{Error, Result, Status};
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::transport::async_mutex::Guard;
use crate::transport::wait::Wait;

/// How long a callback of the store may take.
const LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct StoreAccess<'a> {
    store: Arc<dyn Store>,
    auth: Arc<Auth>,
    need: Need<'a>,
}

impl<'a> StoreAccess<'a> {
    pub(crate) fn new(store: Arc<dyn Store>, auth: Arc<Auth>, need: Need<'a>) -> Self {
        Self { store, auth, need }
    }

    /// Locks the store against other processes.
    pub(crate) async fn lock(&self, wait: &Wait) -> Result<Arc<StoreLock>> {
        store::lock(self.store.as_ref(), wait).await.map(Arc::new)
    }

    /// The lock of the caller, or else a new one.
    pub(crate) async fn lock_or(
        &self,
        held: Option<&Arc<StoreLock>>,
        wait: &Wait,
    ) -> Result<Arc<StoreLock>> {
        match held {
            Some(held) => Ok(held.clone()),
            None => self.lock(wait).await,
        }
    }

    pub(crate) async fn read<E: StoreEntry>(&self, key: &str) -> Result<Option<E>> {
        match self.load(key).await? {
            Some(text) => store::entry(self.store.as_ref(), key, &text).map(Some),
            None => Ok(None),
        }
    }

    async fn load(&self, key: &str) -> Result<Option<Secret>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        let wait = self.need.wait.at_most(LIMIT);
        self.run(&wait, move || store.load(&key)).await
    }

    pub(crate) async fn write<E: StoreEntry>(
        &self,
        held: &Arc<StoreLock>,
        entry: &E,
    ) -> Result<()> {
        self.save(held, entry.own_key(), entry.text(), store::check::<E>).await
    }

    async fn save(
        &self,
        held: &Arc<StoreLock>,
        key: String,
        text: Secret,
        check: Check,
    ) -> Result<()> {
        let (store, held) = (self.store.clone(), held.clone());
        let work = move || store::write(store.as_ref(), &held, &key, &text, check);
        self.run(&self.until_done(), work).await
    }

    pub(crate) async fn remove(&self, held: &Arc<StoreLock>, key: String) -> Result<()> {
        let (store, held) = (self.store.clone(), held.clone());
        self.run(&self.until_done(), move || store.remove(&held, &key)).await
    }

    /// A write ends even if the call is cancelled.
    fn until_done(&self) -> Wait {
        self.need.wait.afterwards(LIMIT)
    }

    /// Runs work that may be a callback of the application. The header promises
    /// that one of them runs at a time. `wait` limits this callback; the wait for
    /// the callbacks of other calls is limited by the call's own timeout.
    async fn run<T: Send + 'static>(
        &self,
        wait: &Wait,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if !self.store.runs_callbacks() {
            return work();
        }
        let slot = Arc::new(Mutex::new(None));
        let place = slot.clone();
        self.run_in_turn(wait, Box::new(move || *lock(&place) = Some(work()))).await?;
        let done = lock(&slot).take();
        done.unwrap_or_else(|| {
            Err(Error::new(Status::Internal, "the result of a store callback was lost"))
        })
    }

    async fn run_in_turn(&self, wait: &Wait, work: Box<dyn FnOnce() + Send>) -> Result<()> {
        if !wait.is_background() {
            let _guard = self.enter_store().await?;
            inside(&self.auth, work);
            return Ok(());
        }
        // The application thread that runs the callback must not wait.
        let work = Arc::new(Mutex::new(Some(work)));
        loop {
            let (auth, work) = (self.auth.clone(), work.clone());
            let attempt = move || {
                let Some(_guard) = auth.storing.try_lock() else { return Ok(false) };
                let work = lock(&work).take();
                inside(&auth, || work.map(|work| work()));
                Ok(true)
            };
            if callback::run(self.need.caller, wait, attempt).await? {
                return Ok(());
            }
            drop(self.enter_store().await?);
        }
    }

    async fn enter_store(&self) -> Result<Guard<'_>> {
        let guard = self.auth.storing.lock_unless(self.need.wait, || false).await;
        let guard = guard.map_err(|error| match error.status() {
            Status::Timeout => {
                error.during("waiting for the authorization's store in another call")
            }
            _ => error,
        })?;
        guard.ok_or_else(|| Error::new(Status::Internal, "the store was not entered"))
    }
}
