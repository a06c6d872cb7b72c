//! The error of a failed call: one type for every layer.

use crate::base::mask::{CUT, Masker};
use crate::base::one_line;
use crate::base::secret::Secret;

/// The numbers of the public header. A number never changes and is never
/// reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Status {
    Ok = 0,
    InvalidArgument = 1,
    State = 2,
    Closed = 3,
    Forked = 4,
    Unsupported = 5,
    NotFound = 6,
    NoMemory = 7,
    Internal = 8,
    Resolve = 20,
    Connect = 21,
    Tls = 22,
    Proxy = 23,
    Io = 24,
    Timeout = 25,
    Cancelled = 26,
    Process = 27,
    TooLarge = 28,
    Http = 40,
    Unauthorized = 41,
    Forbidden = 42,
    RateLimited = 43,
    Unavailable = 44,
    Redirect = 45,
    Auth = 46,
    Insecure = 47,
    Endpoint = 48,
    Server = 49,
    Denied = 50,
    Untrusted = 51,
    Protocol = 60,
    Version = 61,
    Rpc = 62,
    SessionLost = 63,
    InputRequired = 64,
    Transport = 65,
    Integrity = 66,
    Schema = 67,
}

impl Status {
    /// Every status with its name in the header, in the order of the numbers.
    pub(crate) const ALL: &'static [(Status, &'static str)] = &[
        (Status::Ok, "MCP_OK\0"),
        (Status::InvalidArgument, "MCP_E_INVALID_ARGUMENT\0"),
        (Status::State, "MCP_E_STATE\0"),
        (Status::Closed, "MCP_E_CLOSED\0"),
        (Status::Forked, "MCP_E_FORKED\0"),
        (Status::Unsupported, "MCP_E_UNSUPPORTED\0"),
        (Status::NotFound, "MCP_E_NOT_FOUND\0"),
        (Status::NoMemory, "MCP_E_NO_MEMORY\0"),
        (Status::Internal, "MCP_E_INTERNAL\0"),
        (Status::Resolve, "MCP_E_RESOLVE\0"),
        (Status::Connect, "MCP_E_CONNECT\0"),
        (Status::Tls, "MCP_E_TLS\0"),
        (Status::Proxy, "MCP_E_PROXY\0"),
        (Status::Io, "MCP_E_IO\0"),
        (Status::Timeout, "MCP_E_TIMEOUT\0"),
        (Status::Cancelled, "MCP_E_CANCELLED\0"),
        (Status::Process, "MCP_E_PROCESS\0"),
        (Status::TooLarge, "MCP_E_TOO_LARGE\0"),
        (Status::Http, "MCP_E_HTTP\0"),
        (Status::Unauthorized, "MCP_E_UNAUTHORIZED\0"),
        (Status::Forbidden, "MCP_E_FORBIDDEN\0"),
        (Status::RateLimited, "MCP_E_RATE_LIMITED\0"),
        (Status::Unavailable, "MCP_E_UNAVAILABLE\0"),
        (Status::Redirect, "MCP_E_REDIRECT\0"),
        (Status::Auth, "MCP_E_AUTH\0"),
        (Status::Insecure, "MCP_E_INSECURE\0"),
        (Status::Endpoint, "MCP_E_ENDPOINT\0"),
        (Status::Server, "MCP_E_SERVER\0"),
        (Status::Denied, "MCP_E_DENIED\0"),
        (Status::Untrusted, "MCP_E_UNTRUSTED\0"),
        (Status::Protocol, "MCP_E_PROTOCOL\0"),
        (Status::Version, "MCP_E_VERSION\0"),
        (Status::Rpc, "MCP_E_RPC\0"),
        (Status::SessionLost, "MCP_E_SESSION_LOST\0"),
        (Status::InputRequired, "MCP_E_INPUT_REQUIRED\0"),
        (Status::Transport, "MCP_E_TRANSPORT\0"),
        (Status::Integrity, "MCP_E_INTEGRITY\0"),
        (Status::Schema, "MCP_E_SCHEMA\0"),
    ];
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// A failure, as a message and as numbers.
///
/// The place that fails writes the message, because it knows what happened,
/// the detail, and what to do about it. A layer above adds the call's name.
#[derive(Clone, Debug)]
pub(crate) struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    status: Status,
    message: String,
    http_status: u16,
    rpc: Option<RpcDetails>,
    challenge: Vec<(String, String)>,
    retry_after: Option<u32>,
    may_have_run: bool,
    is_repeated: bool,
    was_idle: bool,
    exit_status: Option<i32>,
    is_other_origin: bool,
    is_of_sign_in: bool,
}

/// The most bytes of an error's data. Longer data is dropped, not cut: cut
/// JSON would not be JSON.
const DATA: usize = 1 << 20;

/// The JSON-RPC error in a server's response.
#[derive(Clone, Debug)]
pub(crate) struct RpcDetails {
    pub(crate) code: i32,
    /// The server's message as it is; `None` in an error of the library.
    pub(crate) message: Option<String>,
    pub(crate) data: Option<String>,
}

impl Error {
    #[cold]
    #[inline(never)]
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            status,
            message: message.into(),
            http_status: 0,
            rpc: None,
            challenge: Vec::new(),
            retry_after: None,
            may_have_run: false,
            is_repeated: false,
            was_idle: false,
            exit_status: None,
            is_other_origin: false,
            is_of_sign_in: false,
        }))
    }

    /// The application passed an invalid argument.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(Status::InvalidArgument, message)
    }

    /// The server broke the rules of the protocol.
    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::new(Status::Protocol, message)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_http_status(mut self, http_status: u16) -> Self {
        self.0.http_status = http_status;
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_rpc(mut self, code: i32, data: Option<String>) -> Self {
        let data = data.filter(|data| data.len() <= DATA);
        self.0.rpc = Some(RpcDetails { code, message: None, data });
        self
    }

    /// Keeps the server's message beside the code.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_rpc_message(mut self, message: &str) -> Self {
        if let Some(rpc) = &mut self.0.rpc
            && message.len() <= DATA
        {
            rpc.message = Some(message.to_owned());
        }
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_challenge(mut self, challenge: Vec<(String, String)>) -> Self {
        self.0.challenge = challenge;
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_retry_after(mut self, milliseconds: Option<u32>) -> Self {
        self.0.retry_after = milliseconds;
        self
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn with_may_have_run(mut self, may_have_run: bool) -> Self {
        self.0.may_have_run = may_have_run;
        self
    }

    /// The same error for a request that was sent twice. `before`: the server
    /// may have run the request that was sent first.
    pub(crate) fn or_may_have_run(mut self, before: bool) -> Self {
        self.0.may_have_run |= before;
        self
    }

    /// Marks that the request was sent twice already.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_repetition(mut self, is_repeated: bool) -> Self {
        self.0.is_repeated |= is_repeated;
        self
    }

    /// Marks that the server closed a connection that had been idle, so that it
    /// has most likely never seen the request.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_idle_connection(mut self, was_idle: bool) -> Self {
        self.0.was_idle = was_idle;
        self
    }

    /// How the server's process ended: its exit status, or 128 plus a signal.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_exit_status(mut self, exit_status: Option<i32>) -> Self {
        self.0.exit_status = exit_status;
        self
    }

    /// Marks a redirect to another origin.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_other_origin(mut self) -> Self {
        self.0.is_other_origin = true;
        self
    }

    /// Marks a failure to get a token, whatever its status is.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_sign_in(mut self) -> Self {
        self.0.is_of_sign_in = true;
        self
    }

    /// The same message with another status.
    pub(crate) fn with_status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }

    /// Appends advice to the message.
    #[cold]
    #[inline(never)]
    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        self.0.message.push_str("; ");
        self.0.message.push_str(advice);
        self
    }

    /// Puts the call's name in front of the message.
    #[cold]
    #[inline(never)]
    pub(crate) fn during(mut self, call: &str) -> Self {
        self.0.message.insert_str(0, ": ");
        self.0.message.insert_str(0, call);
        self
    }

    /// Masks secrets, also where the server reflected them.
    #[cold]
    #[inline(never)]
    pub(crate) fn masked(mut self, secrets: &[Secret]) -> Self {
        let masker = Masker::new(secrets);
        masker.mask(&mut self.0.message);
        for (name, value) in &mut self.0.challenge {
            masker.mask(name);
            masker.mask(value);
        }
        if let Some(rpc) = &mut self.0.rpc {
            let masked = rpc.data.take().and_then(|data| masker.mask_json(data));
            rpc.data = masked.filter(|data| data.len() <= DATA);
            if let Some(message) = &mut rpc.message {
                masker.mask(message);
            }
        }
        self
    }

    pub(crate) fn status(&self) -> Status {
        self.0.status
    }

    /// Whether the call itself has ended: it was cancelled, or its client closed.
    pub(crate) fn ends_call(&self) -> bool {
        matches!(self.status(), Status::Cancelled | Status::Closed)
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn http_status(&self) -> u16 {
        self.0.http_status
    }

    pub(crate) fn rpc(&self) -> Option<&RpcDetails> {
        self.0.rpc.as_ref()
    }

    pub(crate) fn challenge(&self) -> &[(String, String)] {
        &self.0.challenge
    }

    pub(crate) fn retry_after(&self) -> Option<u32> {
        self.0.retry_after
    }

    pub(crate) fn exit_status(&self) -> Option<i32> {
        self.0.exit_status
    }

    /// Whether the library got no token.
    pub(crate) fn is_of_sign_in(&self) -> bool {
        self.0.is_of_sign_in
    }

    /// Whether the server redirects to another origin.
    pub(crate) fn is_other_origin(&self) -> bool {
        self.0.is_other_origin
    }

    pub(crate) fn may_have_run(&self) -> bool {
        self.0.may_have_run
    }

    pub(crate) fn is_repeated(&self) -> bool {
        self.0.is_repeated
    }

    pub(crate) fn was_idle(&self) -> bool {
        self.0.was_idle
    }
}

/// The most bytes of a server's text in a message.
const QUOTED: usize = 200;

/// A server's text, fit for a message: cut, on one line, without control
/// characters and hidden characters.
#[cold]
#[inline(never)]
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::new();
    for character in text.trim().chars() {
        if out.len() >= QUOTED {
            out.push_str(CUT);
            break;
        }
        one_line::push(&mut out, character);
    }
    out
}

/// The system's description of an error, without "(os error 111)".
pub(crate) fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => "no reason given".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_a_server_on_one_line_and_cut() {
        assert_eq!(quote(" a\r\n\x1b[31mb\u{9b}c "), "a [31mb c");
        assert_eq!(quote("a\u{2028}b\u{202e}\u{200b}c\u{85}d"), "a b c d");
        assert!(quote(&"x".repeat(5000)).len() <= QUOTED + 3);
    }

    #[test]
    fn masks_secrets_wherever_a_server_reflects_them() {
        let error = Error::new(Status::Rpc, "no: hunter2")
            .with_rpc(1, Some("{\"t\":\"hunter2\"}".into()))
            .with_challenge(vec![("error_description".into(), "bad hunter2".into())])
            .masked(&[Secret::from("hunter2")]);
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn numbers_each_status_once_and_in_order() {
        let numbers: Vec<i32> = Status::ALL.iter().map(|(status, _)| *status as i32).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b));
    }
}
