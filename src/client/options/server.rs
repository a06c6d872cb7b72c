//! Where a client's server is, and what there is to say of it.

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, Status, quote};
use crate::base::sys;
use crate::client::options::Options;
use crate::transport::process::Program;
use crate::transport::socket::plain;
use crate::wire::url::Url;

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    Http(Address),
    Program(Program),
    /// Descriptors that the program has opened, good for one session.
    Streams(Arc<Mutex<Option<Streams>>>),
}

/// The address of a server that is reached by HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) url: Url,
    /// The Host header.
    pub(crate) authority: String,
    /// Whether the server is on this machine.
    pub(crate) is_local: bool,
    pub(crate) transport: HttpTransport,
}

/// By the numbers of the public header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum HttpTransport {
    #[default]
    Auto = 0,
    StreamableHttp = 1,
    Sse = 2,
}

#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) input: OwnedFd,
    pub(crate) output: OwnedFd,
}

impl Streams {
    /// None of them waits from here on.
    pub(crate) fn new(input: OwnedFd, output: OwnedFd) -> Result<Self> {
        for fd in [&input, &output] {
            sys::set_nonblocking(fd).map_err(|error| {
                Error::argument(format!("a descriptor cannot be used: {}", plain(&error)))
            })?;
        }
        Ok(Self { input, output })
    }
}

impl Options {
    /// Where the server is, if it is reached by HTTP.
    pub(crate) fn address(&self) -> Result<&Address> {
        match &self.server {
            Server::Http(address) => Ok(address),
            Server::Program(_) | Server::Streams(_) => Err(Error::new(
                Status::Unsupported,
                "this client does not reach its server by HTTP, which alone has addresses, \
                 headers and tokens; a server's process gets what it needs by \
                 mcp_client_set_env()",
            )),
        }
    }

    /// Whether a server that is gone may be reached again.
    pub(crate) fn reconnects(&self) -> bool {
        match &self.server {
            Server::Http(_) => true,
            Server::Program(_) => self.restarts,
            Server::Streams(_) => false,
        }
    }

    /// The program that is the server, to change how it is started.
    pub(crate) fn program(&mut self) -> Result<&mut Program> {
        match &mut self.server {
            Server::Program(program) => Ok(program),
            Server::Http(_) | Server::Streams(_) => Err(Error::new(
                Status::Unsupported,
                "this client does not start its server: only one made by \
                 mcp_client_new_stdio() has an environment, a directory and a standard error",
            )),
        }
    }

    pub(crate) fn set_transport(&mut self, transport: i32) -> Result<()> {
        self.address()?;
        let all = [HttpTransport::Auto, HttpTransport::StreamableHttp, HttpTransport::Sse];
        let chosen = all.into_iter().find(|one| *one as i32 == transport).ok_or_else(|| {
            Error::argument(format!("transport {transport} is none of MCP_TRANSPORT_"))
        })?;
        if let Server::Http(address) = &mut self.server {
            address.transport = chosen;
        }
        Ok(())
    }

    pub(crate) fn set_environment(&mut self, name: &str, value: Option<&str>) -> Result<()> {
        let program = self.program()?;
        if name.is_empty() || name.contains('=') {
            return Err(Error::argument(format!(
                "name \"{}\" is empty or has a \"=\", which no variable's name can have",
                quote(name)
            )));
        }
        program.environment.retain(|(other, _)| other.as_os_str() != name);
        program.environment.push((name.into(), value.map(Into::into)));
        Ok(())
    }
}
