//! Where the server of a client is.

use std::sync::{Arc, Mutex};

use crate::base::error::{Error, Result, io_reason};
use crate::platform::Descriptor;
use crate::transport::process::Program;
use crate::wire::url::Url;

/// Where the server is.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    Http(Address),
    Program(Program),
    /// Descriptors that the application opened. They serve one session.
    Streams(Arc<Mutex<Option<Streams>>>),
}

/// The address of a server behind HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// The URL as the application gave it.
    pub(crate) text: String,
    pub(crate) url: Url,
    /// The Host header.
    pub(crate) authority: String,
    /// Whether the server is on this machine.
    pub(crate) is_local: bool,
    pub(crate) transport: HttpTransport,
}

/// The HTTP transport to use, with the numbers of the public header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum HttpTransport {
    #[default]
    Auto = 0,
    StreamableHttp = 1,
    Sse = 2,
}

/// The two descriptors of a server.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) input: Descriptor,
    pub(crate) output: Descriptor,
}

impl Streams {
    /// Takes the descriptors and makes them non-blocking.
    pub(crate) fn new(input: Descriptor, output: Descriptor) -> Result<Self> {
        for fd in [&input, &output] {
            fd.set_nonblocking().map_err(|error| {
                Error::argument(format!("a descriptor cannot be used: {}", io_reason(&error)))
            })?;
        }
        Ok(Self { input, output })
    }
}
