//! The options that say where the server is and how it is started.

use crate::base::error::{Error, Result, Status, quote};
use crate::client::options::Options;
use crate::client::options::server::{Address, HttpTransport, Server};
use crate::transport::process::Program;

impl Options {
    /// Returns the server's address; fails if it is not behind HTTP.
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

    /// Whether the client may connect again after the connection has ended.
    pub(crate) fn reconnects(&self) -> bool {
        match &self.server {
            Server::Http(_) => true,
            Server::Program(_) => self.restarts,
            Server::Streams(_) => false,
        }
    }

    /// Returns the server's program, to change how it is started.
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
