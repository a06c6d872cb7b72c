//! What a revision of the protocol says, without I/O.
//!
//! The eras differ in what comes first, in what goes with each request and in
//! what a message may mean; [`Era`] is that difference, and nothing above this
//! module asks for a version.

pub(crate) mod handshake;
pub(crate) mod introduction;
pub(crate) mod negotiation;
pub(crate) mod revision;
pub(crate) mod routing;
pub(crate) mod stateless;

use std::borrow::Cow;
use std::fmt::Debug;

use serde_json::value::RawValue;

use crate::base::error::{Error, Result};
use crate::wire::jsonrpc;

/// A call of a method, before an era has put it into bytes.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    method: String,
    /// A JSON object as text.
    params: Option<String>,
}

impl Call {
    /// The call that asks for a sign of life, whatever an era makes of it.
    pub(crate) fn ping() -> Self {
        Self { method: "ping".to_owned(), params: None }
    }

    /// Checks the method's name and that the parameters are a JSON object.
    pub(crate) fn new(method: &str, params: Option<&str>) -> Result<Self> {
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::argument(
                "method is empty, or has a blank or a byte outside printable ASCII",
            ));
        }
        if method == "initialize" || method.starts_with("notifications/") {
            return Err(Error::argument(format!(
                "method \"{method}\" is not a request that a program makes: connecting \
                 initializes, and a notification has no answer"
            )));
        }
        if let Some(params) = params {
            let parsed: std::result::Result<&RawValue, _> = serde_json::from_str(params);
            match parsed {
                Ok(object) if object.get().starts_with('{') => {}
                Ok(_) => return Err(Error::argument("params is not a JSON object")),
                Err(error) => {
                    return Err(Error::argument(format!("params is not JSON: {error}")));
                }
            }
        }
        Ok(Self { method: method.to_owned(), params: params.map(|text| text.trim().to_owned()) })
    }

    pub(crate) fn method(&self) -> &str {
        &self.method
    }

    pub(crate) fn is_ping(&self) -> bool {
        self.method == "ping"
    }

    /// Whether doing it twice is as good as once, so that a request may be
    /// sent again when nobody knows what became of it.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(
            self.method.as_str(),
            "ping"
                | "server/discover"
                | "initialize"
                | "tools/list"
                | "prompts/list"
                | "prompts/get"
                | "resources/list"
                | "resources/templates/list"
                | "resources/read"
                | "completion/complete"
        )
    }
}

/// Names and values; most are the same for every message.
pub(crate) type Headers = Vec<(&'static str, Cow<'static, str>)>;

/// A message on its way out: the headers that an era asks for, and the body.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// How the program calls itself.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
}

impl Identity {
    /// The `Implementation` of the specification as JSON.
    fn json(&self) -> String {
        let mut out = String::from("{\"name\":");
        jsonrpc::push_string(&mut out, &self.name);
        out.push_str(",\"version\":");
        jsonrpc::push_string(&mut out, &self.version);
        out.push('}');
        out
    }
}

/// A group of revisions that frame and read messages alike.
pub(crate) trait Era: Debug + Send + Sync {
    /// A call as bytes and headers.
    fn frame(&self, call: &Call, id: i64) -> Result<Outgoing>;

    /// Whether a result is one that the call may have.
    fn check(&self, result: &str) -> Result<()>;

    /// The answer to a request of the server, if it is to have one.
    fn answer(&self, id: &RawValue, method: &str) -> Option<Outgoing>;

    /// How to stop a request, if by a message.
    fn cancel(&self, id: i64, reason: &str) -> Option<Outgoing>;

    /// The headers of the request that ends the session, if there is one.
    fn end(&self) -> Option<Headers>;

    /// What must not be seen of the session: its id.
    fn session_id(&self) -> Option<&str>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_program_may_send() {
        for (method, params) in [
            ("", None),
            ("a b", None),
            ("tools/call\r\nX: y", None),
            ("initialize", None),
            ("notifications/x", None),
            ("tools/call", Some("[]")),
            ("tools/call", Some("{")),
            ("tools/call", Some("{} {}")),
        ] {
            assert!(Call::new(method, params).is_err(), "{method} {params:?}");
        }
    }

    #[test]
    fn never_repeats_what_may_have_an_effect() {
        assert!(Call::ping().is_repeatable());
        assert!(!Call::new("tools/call", Some("{}")).unwrap().is_repeatable());
        assert!(!Call::new("x/new", None).unwrap().is_repeatable());
    }
}
