//! Clients of stdio servers, and the choice of a transport.

use std::ffi::CString;
use std::ptr;

use crate::constants::*;
use crate::{Client, Failure, Outcome, c, optional, outcome, raw};

impl Client {
    /// A client of a program, with limits of time that suit a test.
    pub fn stdio(argv: &[&str]) -> Self {
        let client = Self::try_stdio(argv).unwrap();
        client.set_timeout(60_000);
        client
    }

    pub fn try_stdio(argv: &[&str]) -> Outcome<Self> {
        let texts: Vec<CString> = argv.iter().map(|text| c(text)).collect();
        let mut all: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
        all.push(ptr::null());
        let client = unsafe { raw::mcp_client_new_stdio(all.as_ptr()) };
        if client.is_null() { Err(Failure::last()) } else { Ok(Self(client)) }
    }

    /// Takes the descriptors.
    pub fn fds(read_fd: i32, write_fd: i32) -> Outcome<Self> {
        let client = unsafe { raw::mcp_client_new_fds(read_fd, write_fd) };
        if client.is_null() { Err(Failure::last()) } else { Ok(Self(client)) }
    }

    pub fn set_env(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        outcome(unsafe {
            raw::mcp_client_set_env(self.0, c(name).as_ptr(), optional(value.as_ref()))
        })
    }

    pub fn set_directory(&self, path: Option<&str>) -> Outcome<()> {
        let path = path.map(c);
        outcome(unsafe { raw::mcp_client_set_directory(self.0, optional(path.as_ref())) })
    }

    pub fn set_stderr(&self, choice: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_stderr(self.0, choice, -1) })
    }

    pub fn set_stderr_fd(&self, fd: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_stderr(self.0, MCP_STDERR_FD, fd) })
    }

    pub fn set_restart(&self, allow: bool) -> Outcome<()> {
        self.set_allow(MCP_ALLOW_RESTART, allow)
    }

    pub fn set_repeat_tools(&self, allow: bool) -> Outcome<()> {
        self.set_allow(MCP_ALLOW_REPEAT_TOOLS, allow)
    }

    pub fn set_unix_socket(&self, path: &str) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_unix_socket(self.0, c(path).as_ptr()) })
    }

    pub fn set_transport(&self, transport: i32) -> Outcome<()> {
        outcome(unsafe { raw::mcp_client_set_transport(self.0, transport) })
    }

    pub fn transport(&self) -> i32 {
        unsafe { raw::mcp_client_transport(self.0) }
    }
}
