//! What the program serves: a behaviour for each path, so that plain C
//! programs can meet each by its URL.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::http::{self, Request};
use crate::mcp::{Config, HANDSHAKE, Mcp};
use crate::offer::{Offer, Pages};
use crate::skills::Tamper;
use crate::sse::{Endpoint, Shape, Sse};
use crate::{Action, Handler};

/// The paths and what happens there, for `--help`.
pub const PATHS: &str = "  /mcp                 every revision, JSON replies
  /sse-replies/mcp     up to 2025-11-25, event-stream replies, sessions
  /stateless/mcp       2026-07-28 alone
  /handshake/mcp       up to 2025-11-25, JSON replies, sessions
  /v/VERSION/mcp       that handshake revision alone
  /apikey/mcp          wants the header X-API-Key: test-key
  /forget/mcp          forgets the session before each third ping
  /close/mcp           closes the connection after each reply
  /asks/mcp            asks the client in the stream of a ping's reply
  /full/mcp            all revisions; tools, resources, prompts, streams, skills
  /full-stateless/mcp  the same, 2026-07-28 alone
  /full-handshake/mcp  the same, up to 2025-11-25; event ids on its streams
  /tasks-stateless/mcp /full-stateless with tools that run as tasks
  /tasks-handshake/mcp the same of /full-handshake
  /pages/mcp           its lists in pages of two, with 20 items more
  /endless/mcp         its lists never end
  /tampered/mcp        its skill is not what its entry says
  /sse                 HTTP+SSE of 2024-11-05, up to revision 2025-11-25
  /v/VERSION/sse       that handshake revision alone
  /full-sse/sse        all that there is to offer
  /forget-sse/sse      breaks its streams at each third ping
  /late-sse/sse        names its endpoint after 200 ms
  /early-sse/sse       answers 50 ms before it accepts
  /absolute-sse/sse    names its endpoint by a whole URL
  /NAME-sse/sse        one that nothing must be sent to: other-host,
                       other-port, other-scheme, userinfo, not-url, no-endpoint
  /legacy/mcp          HTTP+SSE where the path does not say so; a POST is 405
  /legacy-CODE/mcp     the same; a POST is 400 or 404
  /status/CODE         answers with that status
  /rpc-error           answers a ping with a JSON-RPC error
  /reflect             401 that repeats what was sent
  /hang                never answers
  /drip/MS             answers a byte at a time, each after so many ms
  /garbage             HTML
  /huge                an answer of 100 MB
  /redirect-same       307 to /mcp
  /redirect-other      307 to another port";

/// What a server offers, by name; None of a name that there is not.
pub fn offer(name: &str) -> Option<Option<Offer>> {
    let offer = Offer::default();
    Some(match name {
        "none" => None,
        "full" => Some(offer),
        "tasks" => Some(Offer { tasks: true, ..offer }),
        "pages" => Some(Offer { page: 2, many: 20, ..offer }),
        "endless" => Some(Offer { pages: Pages::Endless, ..offer }),
        "tampered" => Some(Offer { skills: Some(Tamper::Bytes), ..offer }),
        _ => return None,
    })
}

/// The handler for all the paths; `token` is wanted by those that are not
/// about something else.
pub fn handler(token: Option<String>) -> Arc<Handler> {
    let base = Config { token: token.clone(), ..Config::default() };
    let handshake = Config { is_stateless: false, ..base.clone() };
    let mut servers: HashMap<String, Mcp> = HashMap::new();
    let mut add = |path: &str, config: Config| {
        servers.insert(path.to_owned(), Mcp::new(config));
    };
    add("/mcp", base.clone());
    add("/sse-replies/mcp", Config { streams: true, ..handshake.clone() });
    add("/stateless/mcp", Config { handshake: Vec::new(), ..base.clone() });
    add("/handshake/mcp", handshake.clone());
    for version in HANDSHAKE {
        let config = Config { handshake: vec![version], ..handshake.clone() };
        add(&format!("/v/{version}/mcp"), config);
    }
    let key = Some(("X-API-Key".to_owned(), "test-key".to_owned()));
    add("/apikey/mcp", Config { token: None, key, ..base.clone() });
    add("/forget/mcp", Config { forgets_every: Some(3), ..handshake.clone() });
    add("/close/mcp", handshake.clone());
    add("/asks/mcp", Config { streams: true, ..handshake.clone() });
    add("/rpc-error", handshake.clone());
    let offer = Offer::default();
    let with = |offer: Offer| Config { offer: Some(offer), ..base.clone() };
    add("/full/mcp", with(offer.clone()));
    add("/full-stateless/mcp", Config { handshake: Vec::new(), ..with(offer.clone()) });
    let ids = Offer { event_ids: true, retry: Some(50), ..offer };
    add("/full-handshake/mcp", Config { is_stateless: false, ..with(ids) });
    let tasks = Offer { tasks: true, ..Offer::default() };
    add("/tasks-stateless/mcp", Config { handshake: Vec::new(), ..with(tasks.clone()) });
    add("/tasks-handshake/mcp", Config { is_stateless: false, ..with(tasks) });
    for name in ["pages", "endless", "tampered"] {
        let offer = self::offer(name).flatten();
        add(&format!("/{name}/mcp"), Config { offer, ..base.clone() });
    }
    let legacy = legacy(&handshake);
    Arc::new(move |request: &Request| match legacy.get(request.path()) {
        Some(sse) => sse.handle(request),
        None => respond(request, &servers),
    })
}

/// The paths of HTTP+SSE: those of streams, and of what is posted.
fn legacy(base: &Config) -> HashMap<String, Arc<Sse>> {
    let mut all = HashMap::new();
    let shape = Shape { has_many_clients: true, ..Shape::default() };
    let mut add = |prefix: &str, config: Config, shape: Shape| {
        let (stream, messages) = (format!("{prefix}{}", shape.path), format!("{prefix}/messages/"));
        let sse = Arc::new(Sse::new(config, shape));
        all.insert(stream, sse.clone());
        all.insert(messages, sse);
    };
    add("", base.clone(), shape.clone());
    for version in HANDSHAKE {
        let config = Config { handshake: vec![version], ..base.clone() };
        add(&format!("/v/{version}"), config, shape.clone());
    }
    let full = Config { offer: Some(Offer::default()), ..base.clone() };
    add("/full-sse", full.clone(), shape.clone());
    let tasks = Config { offer: offer("tasks").flatten(), ..base.clone() };
    add("/tasks-sse", tasks, shape.clone());
    let forgets = Config { forgets_every: Some(3), ..base.clone() };
    add("/forget-sse", forgets, shape.clone());
    let late = Shape { late: Duration::from_millis(200), ..shape.clone() };
    add("/late-sse", base.clone(), late);
    let early = Shape { accepts_after: Duration::from_millis(50), ..shape.clone() };
    add("/early-sse", full, early);
    for (name, endpoint) in [
        ("absolute", Endpoint::Absolute),
        ("other-host", Endpoint::OtherHost),
        ("other-port", Endpoint::OtherPort),
        ("other-scheme", Endpoint::OtherScheme),
        ("userinfo", Endpoint::UserInfo),
        ("not-url", Endpoint::NotUrl),
        ("no-endpoint", Endpoint::Missing),
    ] {
        add(&format!("/{name}-sse"), base.clone(), Shape { endpoint, ..shape.clone() });
    }
    for (prefix, refusal) in [("/legacy", 405), ("/legacy-400", 400), ("/legacy-404", 404)] {
        add(prefix, base.clone(), Shape { path: "/mcp".into(), refusal, ..shape.clone() });
    }
    all
}

fn respond(request: &Request, servers: &HashMap<String, Mcp>) -> Vec<Action> {
    let path = request.path();
    if let Some(server) = servers.get(path) {
        return known(request, path, server);
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let number = parts.get(1).and_then(|text| text.parse::<u64>().ok());
    match (parts[0], number) {
        ("status", Some(code)) => vec![Action::Send(status(code as u16))],
        ("hang", _) => vec![Action::Hang],
        ("drip", Some(ms)) => {
            let bytes = http::result(request, json!({"supportedVersions": ["2026-07-28"]}));
            vec![Action::Drip(bytes, Duration::from_millis(ms))]
        }
        ("garbage", _) => {
            let headers = [("content-type", "text/html")];
            vec![Action::Send(http::reply(200, &headers, b"<html>hello</html>"))]
        }
        ("huge", _) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"x\":\"";
            let megabyte = vec![b'x'; 1024 * 1024];
            let mut actions = vec![Action::Send(head.into())];
            actions.extend((0..100).map(|_| Action::Send(megabyte.clone())));
            actions.push(Action::Close);
            actions
        }
        ("reflect", _) => {
            let sent = request.header("authorization").unwrap_or_default();
            let challenge = format!("Bearer error=\"e\", error_description=\"you sent {sent}\"");
            let body = format!("you sent {sent}");
            let headers = [("www-authenticate", challenge.as_str())];
            vec![Action::Send(http::reply(401, &headers, body.as_bytes()))]
        }
        ("redirect-same", _) => {
            vec![Action::Send(http::reply(307, &[("location", "/mcp")], b""))]
        }
        ("redirect-other", _) => {
            let headers = [("location", "http://127.0.0.1:1/mcp")];
            vec![Action::Send(http::reply(307, &headers, b""))]
        }
        _ => vec![Action::Send(http::reply(404, &[("content-type", "text/plain")], b"Not Found"))],
    }
}

fn known(request: &Request, path: &str, server: &Mcp) -> Vec<Action> {
    let method = request.rpc_method();
    match path {
        "/rpc-error" if method == "ping" => vec![Action::Send(http::json(
            200,
            &json!({"jsonrpc": "2.0", "id": request.id(),
                "error": {"code": -32603, "message": "broken", "data": {"why": "a test"}}}),
        ))],
        "/close/mcp" => {
            let mut actions = server.handle(request);
            actions.push(Action::Close);
            actions
        }
        "/asks/mcp" if method == "ping" => asks(request),
        _ => server.handle(request),
    }
}

/// A ping and an unknown request in the stream, and the reply after the
/// client has answered both by requests of its own.
fn asks(request: &Request) -> Vec<Action> {
    let ask =
        |id, method: &str| http::event(&json!({"jsonrpc": "2.0", "id": id, "method": method}));
    let mut first = http::stream_head(&[]);
    first.extend_from_slice(&ask(json!(0), "ping"));
    first.extend_from_slice(&ask(json!("q"), "x/unknown"));
    let mut last = http::event(&json!({"jsonrpc": "2.0", "id": request.id(), "result": {}}));
    last.extend_from_slice(http::LAST_CHUNK);
    vec![Action::Send(first), Action::AwaitRequests(request.number + 3), Action::Send(last)]
}

/// A refusal with what belongs to it.
pub(crate) fn status(code: u16) -> Vec<u8> {
    let challenge = "Bearer realm=\"test\", error=\"invalid_token\", \
        error_description=\"expired\", scope=\"read write\", \
        resource_metadata=\"http://127.0.0.1/meta\"";
    let mut headers = vec![("content-type", "text/plain")];
    match code {
        401 | 403 => headers.push(("www-authenticate", challenge)),
        429 | 503 => headers.push(("retry-after", "7")),
        _ => {}
    }
    let body = format!("this is status {code}");
    http::reply(code, &headers, if code == 204 { b"" } else { body.as_bytes() })
}
