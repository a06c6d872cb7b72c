//! Configuration files.

use std::ffi::c_char;

use crate::constants::*;
use crate::{Client, Failure, Outcome, c, optional, raw, text};

/// A configuration, freed when dropped. Read by several threads, as the header
/// allows.
#[derive(Debug)]
pub struct Config(pub *mut raw::mcp_config);

unsafe impl Send for Config {}
unsafe impl Sync for Config {}

impl Config {
    pub fn load(path: &str) -> Outcome<Self> {
        let config = unsafe { raw::mcp_config_load(c(path).as_ptr()) };
        if config.is_null() { Err(Failure::last()) } else { Ok(Self(config)) }
    }

    pub fn names(&self) -> Vec<String> {
        let count = unsafe { raw::mcp_config_count(self.0) };
        self.all(count, raw::mcp_config_name)
    }

    pub fn url(&self, index: usize) -> Option<String> {
        text(unsafe { raw::mcp_config_url(self.0, index) })
    }

    pub fn command(&self, index: usize) -> Option<String> {
        text(unsafe { raw::mcp_config_command(self.0, index) })
    }

    /// MCP_OK, or the error that says why the server cannot be used.
    pub fn status(&self, index: usize) -> Outcome<()> {
        let status = unsafe { raw::mcp_config_status(self.0, index) };
        let error = unsafe { raw::mcp_config_error(self.0, index) };
        if error.is_null() {
            assert_eq!(status, MCP_OK);
            return Ok(());
        }
        let failure = Failure::of(error);
        assert_eq!(failure.status, status);
        Err(failure)
    }

    /// From the text of a file.
    pub fn parse(json: &str, directory: Option<&str>) -> Outcome<Self> {
        let directory = directory.map(c);
        let config = unsafe {
            raw::mcp_config_parse(json.as_ptr().cast(), json.len(), optional(directory.as_ref()))
        };
        if config.is_null() { Err(Failure::last()) } else { Ok(Self(config)) }
    }

    pub fn warnings(&self) -> Vec<String> {
        let has = |index| !unsafe { raw::mcp_config_warning(self.0, index) }.is_null();
        let count = (0..).take_while(|index| has(*index)).count();
        self.all(count, raw::mcp_config_warning)
    }

    /// So many texts, and none behind them.
    fn all(
        &self,
        count: usize,
        one: unsafe extern "C" fn(*const raw::mcp_config, usize) -> *const c_char,
    ) -> Vec<String> {
        let get = |index| text(unsafe { one(self.0, index) });
        assert_eq!((get(count), get(usize::MAX)), (None, None));
        (0..count).map(|index| get(index).unwrap()).collect()
    }

    pub fn client(&self, name: Option<&str>) -> Outcome<Client> {
        let name = name.map(c);
        made(unsafe { raw::mcp_config_new_client(self.0, optional(name.as_ref())) })
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        unsafe { raw::mcp_config_free(self.0) }
    }
}

impl Client {
    pub fn of_config(path: &str, name: Option<&str>) -> Outcome<Self> {
        Config::load(path)?.client(name)
    }
}

fn made(client: *mut raw::mcp_client) -> Outcome<Client> {
    if client.is_null() { Err(Failure::last()) } else { Ok(Client(client)) }
}
