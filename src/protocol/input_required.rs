//! `InputRequiredResult` (2026-07-28): the server needs input before it can
//! complete a call.

use crate::base::error::{Error, Result, quote};
use crate::protocol::capability::ClientCapabilities;
use crate::protocol::input_request::InputRequest;
use crate::wire::jsonrpc::json_reason;
use crate::wire::object::Members;

/// The requests for input, and the state that the client sends back.
#[derive(Debug, Default)]
pub(crate) struct InputRequired {
    /// Key, method and parameters.
    pub(crate) requests: Vec<(String, String, Option<String>)>,
    /// The JSON text as the server wrote it.
    pub(crate) state: Option<String>,
}

/// The parameters that the client adds when it sends the call again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RetryParams {
    /// The input by its keys, as a JSON object. `None` if the server asked for
    /// no input.
    pub(crate) responses: Option<String>,
    /// The JSON text as the server wrote it.
    pub(crate) state: Option<String>,
}

impl InputRequired {
    /// Reads a result, or a task, whose status is `input_required`.
    pub(crate) fn parse(result: &str) -> Result<Self> {
        let members = Members::parse(result).map_err(|error| malformed(json_reason(&error)))?;
        let mut parsed = Self::default();
        let given = |name: &str| members.get(name).filter(|value| value.get() != "null");
        if let Some(state) = given("requestState") {
            if !state.get().starts_with('"') {
                return Err(malformed("its requestState is not a string".to_owned()));
            }
            parsed.state = Some(state.get().to_owned());
        }
        let Some(requests) = given("inputRequests") else {
            if parsed.state.is_none() {
                return Err(malformed("it has neither inputRequests nor requestState".to_owned()));
            }
            return Ok(parsed);
        };
        let requests =
            Members::parse(requests.get()).map_err(|error| malformed(json_reason(&error)))?;
        for (key, request) in requests.0 {
            let request =
                Members::parse(request.get()).map_err(|error| malformed(json_reason(&error)))?;
            let method = request
                .string("method")
                .ok_or_else(|| malformed(format!("\"{}\" has no method", quote(&key))))?;
            let params = request.get("params").map(|params| params.get().to_owned());
            parsed.requests.push((key.into_owned(), method, params));
        }
        if parsed.requests.is_empty() && parsed.state.is_none() {
            return Err(malformed("it asks nothing".to_owned()));
        }
        Ok(parsed)
    }

    /// The requests with their keys, if the client declared all of them. The
    /// error is the first method that it did not declare.
    pub(crate) fn recognise(
        &self,
        declared: &ClientCapabilities,
    ) -> std::result::Result<Vec<(String, InputRequest)>, String> {
        let mut out = Vec::with_capacity(self.requests.len());
        for (key, method, params) in &self.requests {
            match InputRequest::recognise(method, params.as_deref(), declared) {
                Ok(asked) => out.push((key.clone(), asked)),
                Err(_) => return Err(method.clone()),
            }
        }
        Ok(out)
    }
}

fn malformed(what: String) -> Error {
    Error::protocol(format!("the server sent malformed input requests: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_null_for_an_absent_member() {
        let parsed = |json: &str| InputRequired::parse(json);
        let state = parsed(r#"{"inputRequests":null,"requestState":"s"}"#).unwrap();
        assert_eq!((state.requests.len(), state.state.as_deref()), (0, Some("\"s\"")));
        let asked =
            parsed(r#"{"inputRequests":{"a":{"method":"m"}},"requestState":null}"#).unwrap();
        assert_eq!((asked.requests.len(), asked.state), (1, None));
        assert!(parsed(r#"{"inputRequests":null,"requestState":null}"#).is_err());
    }

    #[test]
    fn cuts_long_text_of_the_server_in_errors() {
        let long = "x".repeat(5000);
        for json in [
            format!(r#"{{"inputRequests":"{long}"}}"#),
            format!(r#"{{"inputRequests":{{"a":"{long}"}}}}"#),
        ] {
            let message = InputRequired::parse(&json).unwrap_err().message().to_owned();
            assert!(message.len() < 500 && message.contains("xxx..."), "{message}");
        }
    }
}
