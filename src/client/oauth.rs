//! OAuth for a client: giving it an authorization, signing in and out.

use std::sync::Arc;

use crate::base::error::{Error, Result, Status};
use crate::client::Client;

// What `ffi` speaks of.
pub(crate) use crate::auth::oauth::Auth;
pub(crate) use crate::auth::oauth::browser::open_browser;
pub(crate) use crate::auth::oauth::settings::{AskAssertion, Assertion, Browser, Grant};
pub(crate) use crate::auth::oauth::store::{FileStore, Store};

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
