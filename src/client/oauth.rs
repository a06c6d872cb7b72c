//! OAuth for a client: giving it an authorization, signing in and out.

use std::sync::Arc;

use crate::auth::Caller;
use crate::base::error::{Error, Result, Status};
use crate::client::inbox::Item;
use crate::client::options::Options;
use crate::client::{Client, Counter};
use crate::protocol::revision::Revision;
use crate::transport::agent::AgentSetting;

// What `ffi` speaks of.
pub(crate) use crate::auth::oauth::Auth;
pub(crate) use crate::auth::oauth::browser::open_browser;
pub(crate) use crate::auth::oauth::settings::{AskAssertion, Assertion, Browser, Grant};
pub(crate) use crate::auth::oauth::store::{FileStore, Held as StoreHeld, Store};

/// A client in a call, for whoever gets it a token.
pub(crate) struct Calling<'a> {
    pub(crate) client: &'a Client,
    pub(crate) options: &'a Options,
}

impl Caller for Calling<'_> {
    fn put(&self, work: Box<dyn FnOnce() + Send>) {
        self.client.inbox.push(Item::Work(work));
    }

    fn agent_setting(&self) -> Result<AgentSetting> {
        Err(Error::new(Status::Internal, "under way"))
    }

    fn name(&self) -> &str {
        &self.options.identity.name
    }

    fn revision(&self) -> &'static str {
        let session = self.client.current_session();
        let used = session.map(|session| session.introduction.revision);
        used.or(self.options.pinned).unwrap_or(Revision::STATELESS).as_str()
    }

    fn store_failed(&self) {
        self.client.count_one(Counter::StoreFailures);
    }
}

impl Client {
    pub(crate) fn set_auth(&self, _auth: Option<&Arc<Auth>>) -> Result<()> {
        Err(Error::new(Status::Internal, "under way"))
    }

    pub(crate) fn sign_in(self: &Arc<Self>) -> Result<()> {
        Err(Error::new(Status::Internal, "under way"))
    }

    pub(crate) fn sign_out(self: &Arc<Self>) -> Result<()> {
        Err(Error::new(Status::Internal, "under way"))
    }
}
