//! Streamable HTTP: a message is a POST, its answer the reply, in one of two
//! forms. Sessions, versions and credentials are in headers.

use serde_json::json;

use crate::http::{self, Request};
use crate::mcp::{Answer, Call, HANDSHAKE, Mcp, Said};
use crate::{Action, Carrier};

impl Mcp {
    pub fn handle(&self, request: &Request) -> Vec<Action> {
        if let Some(refusal) = self.refuse_credential(request) {
            return vec![Action::Send(refusal)];
        }
        match request.method.as_str() {
            "POST" => self.post(request),
            "GET" if self.config.offer.as_ref().is_some_and(|offer| offer.listens) => {
                self.get(request)
            }
            "DELETE" if self.config.has_sessions => {
                let id = request.header("mcp-session-id").unwrap_or_default();
                let status = if self.end_session(id) { 200 } else { 404 };
                vec![Action::Send(http::reply(status, &[], b""))]
            }
            _ => vec![Action::Send(http::reply(405, &[("allow", "POST")], b""))],
        }
    }

    pub(crate) fn refuse_credential(&self, request: &Request) -> Option<Vec<u8>> {
        if let Some(token) = &self.config.token {
            let given = request.header("authorization");
            if given.is_none() {
                return Some(http::reply(401, &[("www-authenticate", "Bearer")], b""));
            }
            if given != Some(&format!("Bearer {token}")) {
                let challenge =
                    "Bearer error=\"invalid_token\", error_description=\"The token is not known\"";
                let headers =
                    [("www-authenticate", challenge), ("content-type", "application/json")];
                return Some(http::reply(401, &headers, br#"{"error":"invalid_token"}"#));
            }
        }
        if let Some((name, value)) = &self.config.key
            && request.header(name) != Some(value)
        {
            let headers = [("content-type", "application/json")];
            let body = br#"{"error":"missing or wrong API key"}"#;
            return Some(http::reply(401, &headers, body));
        }
        None
    }

    fn post(&self, request: &Request) -> Vec<Action> {
        self.check_every(request);
        let message = request.json();
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let mut call = Call {
            request,
            method: request.rpc_method(),
            params: message["params"].clone(),
            id: message["id"].clone(),
            is_stateless: false,
            version: header("mcp-protocol-version"),
            session: header("mcp-session-id"),
            carrier: Carrier::Http,
        };
        self.may_forget(&call.method);
        if !call.version.is_empty() && !HANDSHAKE.contains(&call.version.as_str()) {
            if !self.config.is_stateless {
                return self.refuse_probe();
            }
            call.is_stateless = true;
            call.session.clear();
        }
        if call.method == "initialize" && !call.is_stateless {
            let is_kept = self.config.has_sessions && !self.config.handshake.is_empty();
            call.session = if is_kept { self.new_session() } else { String::new() };
        }
        match self.answer(&mut call) {
            Said::Nothing => vec![Action::Send(http::reply(202, &[], b""))],
            Said::NoSession if call.session.is_empty() => self.refuse_probe(),
            Said::NoSession => {
                let body = json!({"jsonrpc": "2.0", "id": call.id,
                    "error": {"code": -32600, "message": "Session not found"}});
                vec![Action::Send(http::json(404, &body))]
            }
            Said::Answer(answer) => {
                let actions = self.reply(&call, answer);
                self.in_turn(&call, actions)
            }
        }
    }

    fn refuse_probe(&self) -> Vec<Action> {
        let body = json!({"jsonrpc": "2.0", "id": "server-error",
            "error": {"code": -32600, "message": "Bad Request: Missing session ID"}});
        let mut headers = vec![("content-type", "application/json")];
        if self.config.mints_orphans {
            headers.push(("mcp-session-id", "an-orphan-that-means-nothing"));
        }
        vec![Action::Send(http::reply(400, &headers, body.to_string().as_bytes()))]
    }

    /// The answer in the form of this server.
    fn reply(&self, call: &Call, answer: Answer) -> Vec<Action> {
        let status = match &answer {
            Answer::Error { code: -32601, .. } if call.is_stateless => 404,
            Answer::Error { .. } if call.is_stateless || call.method == "initialize" => 400,
            _ => 200,
        };
        let is_error = matches!(answer, Answer::Error { .. });
        let text = match answer {
            Answer::Play(actions) => return actions,
            Answer::Body(body) => body,
            message => {
                let text = self.text(call, message);
                if self.config.streams && !is_error {
                    return vec![Action::Send(self.as_stream(call, &text))];
                }
                text
            }
        };
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(begun(call).map(|id| ("mcp-session-id", id)));
        vec![Action::Send(http::reply(status, &headers, &text))]
    }

    /// A whole event stream in one piece.
    fn as_stream(&self, call: &Call, text: &[u8]) -> Vec<u8> {
        let headers: Vec<_> = begun(call).map(|id| ("mcp-session-id", id)).into_iter().collect();
        [http::stream_head(&headers), http::event_of(text), http::LAST_CHUNK.to_vec()].concat()
    }
}

/// The session that the call has begun.
fn begun<'a>(call: &'a Call) -> Option<&'a str> {
    (call.method == "initialize" && !call.session.is_empty()).then_some(call.session.as_str())
}
