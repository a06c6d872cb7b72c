//! Making a client.

use std::ffi::OsString;
use std::sync::{Arc, Mutex};

use crate::base::error::Result;
use crate::client::background::run;
use crate::client::core::client::Client;
use crate::client::options::Options;
use crate::client::options::server::{Server, Streams};
use crate::platform::Descriptor;
use crate::transport::process::Program;

impl Client {
    /// A client of a server that is reached by HTTP.
    pub(crate) fn new(url: &str, token: Option<&str>) -> Result<Self> {
        Ok(Self::of(Options::new(url, token)?, run))
    }

    /// A client of a server that is a program, which the first call starts.
    pub(crate) fn new_stdio(argv: Vec<OsString>) -> Result<Self> {
        Ok(Self::of(Options::of(Server::Program(Program::new(argv)?))?, run))
    }

    /// A client of a server at the other end of open descriptors.
    pub(crate) fn new_fds(input: Descriptor, output: Descriptor) -> Result<Self> {
        let streams = Some(Streams::new(input, output)?);
        Ok(Self::of(Options::of(Server::Streams(Arc::new(Mutex::new(streams))))?, run))
    }
}
