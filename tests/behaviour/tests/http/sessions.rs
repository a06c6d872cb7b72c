//! Sessions that a server has lost, and says so in its own words; and refusals
//! that say nothing about the session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{
    AT_ONCE, Cancel, Client, EventLog, Failure, HttpServer, Outcome, SOON, is_fast, tests,
};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::json;

type Play = fn() -> Vec<Action>;
const FIRST: &str = "session-1";

fn handshake() -> Config {
    Config::handshake(Offer::default())
}

/// A refusal: its HTTP status, its type and its body.
#[derive(Clone, Copy, Debug)]
struct Refusal(u16, &'static str, &'static str);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

const NULL_ID: &str =
    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Invalid Request"}}"#;
const NO_ID: &str = r#"{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"}}"#;
const OTHER_ID: &str = r#"{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,
    "message":"Bad Request: No valid session ID provided"}}"#;
const UNKNOWN_ID: &str =
    r#"{"jsonrpc":"2.0","id":987654,"error":{"code":-32603,"message":"no such session"}}"#;
const NOT_INITIALIZED: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32000,
    "message":"Bad Request: Server not initialized"}}"#;
const NULL_ID_EVENT: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\
    \"message\":\"Invalid Request\"}}\n\n";

const UNKNOWN_ID_EVENT: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":\"err_51c\",\"error\":\
    {\"code\":-32603,\"message\":\"upstream is down\"}}\n\n";

/// The words of servers that have lost a session.
const REFUSALS: &[Refusal] = &[
    Refusal(400, TEXT, "Bad Request: No valid session ID provided"),
    Refusal(400, "text/html", "<h1>Bad Request</h1>"),
    Refusal(400, "", ""),
    Refusal(400, JSON, r#"{"error":"unknown session"}"#),
    Refusal(400, JSON, NULL_ID),
    Refusal(400, JSON, NO_ID),
    Refusal(400, JSON, OTHER_ID),
    Refusal(400, JSON, UNKNOWN_ID),
    Refusal(400, JSON, NOT_INITIALIZED),
    Refusal(401, "", ""),
    Refusal(401, TEXT, "Unauthorized"),
    Refusal(401, JSON, NULL_ID),
    Refusal(403, TEXT, "Forbidden"),
    Refusal(403, JSON, NO_ID),
    Refusal(404, TEXT, "Not Found"),
    Refusal(404, JSON, NULL_ID),
    Refusal(405, TEXT, "Method Not Allowed"),
    Refusal(409, TEXT, "Conflict: session is closed"),
    Refusal(409, JSON, NO_ID),
    Refusal(410, TEXT, "Gone"),
    Refusal(422, JSON, NULL_ID),
    Refusal(200, JSON, NULL_ID),
    Refusal(200, JSON, NO_ID),
    Refusal(200, JSON, OTHER_ID),
    Refusal(200, JSON, UNKNOWN_ID),
    Refusal(200, EVENTS, NULL_ID_EVENT),
    Refusal(200, EVENTS, UNKNOWN_ID_EVENT),
    Refusal(500, JSON, OTHER_ID),
    Refusal(500, JSON, NULL_ID),
];

impl Refusal {
    fn actions(self) -> Vec<Action> {
        let Self(status, kind, body) = self;
        let mut headers = Vec::new();
        if !kind.is_empty() {
            headers.push(("content-type", kind));
        }
        if status == 401 {
            headers.push(("www-authenticate", "Bearer error=\"invalid_token\""));
        }
        vec![Action::Send(http::reply(status, &headers, body.as_bytes()))]
    }

    /// Whether the call is repeated in a new session, unseen by the caller.
    fn is_repeated(self, method: &str) -> bool {
        self.0 == 404 || self.0 == 400 && self.2 == NOT_INITIALIZED && method != "tools/call"
    }
}

fn in_first(request: &Request) -> bool {
    request.header("mcp-session-id") == Some(FIRST)
}

/// A server that refuses every request in its first session, after the handshake.
fn loses(refusal: Refusal) -> HttpServer {
    HttpServer::before(handshake(), move |_, mcp, request| {
        let method = request.rpc_method();
        if in_first(request) && !method.is_empty() && method != "notifications/initialized" {
            return refusal.actions();
        }
        mcp.handle(request)
    })
}

/// A server that refuses some requests, chosen by a function.
fn refuses(
    refusal: Refusal,
    chosen: impl Fn(usize, &Request) -> bool + Send + Sync + 'static,
) -> HttpServer {
    HttpServer::before(handshake(), move |count, mcp, request| {
        if chosen(count, request) { refusal.actions() } else { mcp.handle(request) }
    })
}

fn perform(client: &Client, method: &str) -> Outcome<()> {
    match method {
        "ping" => client.ping(),
        "tools/call" => client.call("echo", json!({})).map(drop),
        "resources/read" => client.read("test://text").map(drop),
        "notifications/x" => client.notify("notifications/x", None),
        _ => client.list_tools().map(drop),
    }
}

/// What the caller sees of a refusal.
fn shows(failure: &Failure, Refusal(status, kind, body): Refusal) {
    let what = format!("{status} {body}: {failure:?}");
    assert_eq!(failure.http_status, i32::from(status), "{what}");
    let expected = match (status, kind) {
        (401, _) => MCP_E_UNAUTHORIZED,
        (403, _) => MCP_E_FORBIDDEN,
        _ if body.contains("jsonrpc") => MCP_E_RPC,
        (405, _) => MCP_E_TRANSPORT,
        (404 | 410, _) => MCP_E_ENDPOINT,
        _ => MCP_E_HTTP,
    };
    assert_eq!(failure.status, expected, "{what}");
    if status != 401 && kind == TEXT {
        assert!(failure.message.contains(body), "{what}");
    }
}

/// The session ids of the requests of a method.
fn ids_of(served: &HttpServer, method: &str) -> Vec<Option<String>> {
    let id = |request: &Request| request.header("mcp-session-id").map(str::to_owned);
    served.log().of(method).iter().map(id).collect()
}

fn some(id: &str) -> Option<String> {
    Some(id.to_owned())
}

tests! {
    dead_session_costs_one_call_in_whatever_words {
        for refusal in REFUSALS {
            for method in ["ping", "tools/call", "resources/read", "notifications/x"] {
                let served = loses(*refusal);
                let client = served.client();
                let what = format!("{method} {refusal:?}");
                let first = perform(&client, method);
                let is_note = method == "notifications/x";
                if is_note && refusal.0 == 200 {
                    // Any 2xx accepts a notification.
                    first.unwrap();
                    continue;
                }
                if refusal.is_repeated(method) && !(is_note && refusal.0 == 400) {
                    first.unwrap_or_else(|failure| panic!("{what}: {failure:?}"));
                } else {
                    shows(&first.unwrap_err(), *refusal);
                    assert_eq!(served.count(method), 1, "{what}: not repeated");
                }
                for _ in 0..3 {
                    perform(&client, method).unwrap_or_else(|failure| {
                        panic!("{what}: {failure:?}")
                    });
                }
                assert_eq!(ids_of(&served, "initialize"), [None, None], "{what}");
                if method == "tools/call" {
                    let is_first = |id: &&Option<String>| id.as_deref() == Some(FIRST);
                    assert_eq!(ids_of(&served, method).iter().filter(is_first).count(), 1, "{what}");
                }
            }
        }
    }

    dead_session_is_found_after_it_worked {
        for refusal in REFUSALS {
            let is_lost = Arc::new(AtomicBool::new(false));
            let lost = is_lost.clone();
            let served = refuses(*refusal, move |_, request| {
                in_first(request) && lost.load(Ordering::SeqCst) && request.method == "POST"
            });
            let client = served.client();
            client.ping().unwrap();
            client.call("echo", json!({})).unwrap();
            is_lost.store(true, Ordering::SeqCst);
            if let Err(failure) = client.call("echo", json!({})) {
                shows(&failure, *refusal);
            }
            client.call("echo", json!({})).unwrap();
            client.ping().unwrap();
            assert_eq!(served.count("initialize"), 2, "{refusal:?}");
            // One ping before the loss, at most one to verify, one after.
            assert!(served.count("ping") <= 3, "{refusal:?}");
        }
    }

    started_requests_in_a_dead_session_cost_one_call {
        for refusal in REFUSALS {
            let served = loses(*refusal);
            let client = served.client();
            for round in 0..3 {
                let request = client.tool_request("echo", json!({})).unwrap();
                request.start().unwrap();
                let status = request.wait(30_000);
                if round > 0 {
                    assert_eq!(status, 0, "{refusal:?}");
                }
            }
            assert_eq!(ids_of(&served, "initialize"), [None, None], "{refusal:?}");
            let ids = ids_of(&served, "tools/call");
            assert_eq!(ids.iter().filter(|id| **id == some(FIRST)).count(), 1, "{refusal:?}");
        }
    }

    unauthorized_names_the_challenge_and_the_session {
        let served = loses(Refusal(401, "", ""));
        for token in [None, Some("t0ken")] {
            let client = Client::new(&served.server.url("/mcp"), token).unwrap();
            let count = served.log().count();
            // The first client has the first session.
            let failure = match client.ping() {
                Ok(()) => break,
                Err(failure) => failure,
            };
            assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
            assert!(failure.message.contains("invalid_token"), "{}", failure.message);
            assert!(failure.message.contains("session may be lost"), "{}", failure.message);
            let after = served.log().requests().split_off(count);
            let pings = after.iter().filter(|request| request.rpc_method() == "ping").count();
            assert_eq!(pings, 1, "reported after one request");
            client.ping().unwrap();
            assert_eq!(served.count("initialize"), 2);
        }
        // A session without an id, and a client without a session.
        let plain = HttpServer::before(Config { has_sessions: false, ..handshake() },
            |_, mcp, request| match request.rpc_method().as_str() {
                "ping" => Refusal(401, "", "").actions(),
                _ => mcp.handle(request),
            });
        let failure = plain.client().ping().unwrap_err();
        assert!(!failure.message.contains("session may be lost"), "{}", failure.message);
        let wants = HttpServer::before(handshake(), |_, _, _| Refusal(401, "", "").actions());
        let failure = wants.client().ping().unwrap_err();
        assert!(!failure.message.contains("session may be lost"), "{}", failure.message);
    }

    live_session_is_kept_after_one_ping {
        for refusal in REFUSALS.iter().filter(|one| !one.is_repeated("tools/call")) {
            // One call is refused for a reason of its own.
            let served = refuses(*refusal, |count, request| {
                request.rpc_method() == "tools/call" && count == 1
            });
            let client = served.client();
            client.ping().unwrap();
            shows(&client.call("echo", json!({})).unwrap_err(), *refusal);
            assert_eq!(served.count("ping"), 1, "not before the next request");
            for _ in 0..3 {
                client.call("echo", json!({})).unwrap();
            }
            assert_eq!((served.count("initialize"), served.count("ping")), (1, 2), "{refusal:?}");
            assert_eq!(ids_of(&served, "ping")[1], some(FIRST));
            assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 0);
            served.has_no_complaint();
        }
    }

    error_with_the_id_of_the_request_is_not_suspicious {
        for status in [200, 400, 401, 403, 409, 422, 500] {
            for as_text in [false, true] {
                let served = HttpServer::before(handshake(), move |count, mcp, request| {
                    if request.rpc_method() != "tools/call" || count > 1 {
                        return mcp.handle(request);
                    }
                    let id = match as_text {
                        true if status != 200 => json!(request.id().to_string()),
                        _ => request.id(),
                    };
                    vec![Action::Send(http::json(status, &json!({"jsonrpc": "2.0", "id": id,
                        "error": {"code": -32602, "message": "wrong"}})))]
                });
                let client = served.client();
                client.call("echo", json!({})).unwrap_err();
                client.call("echo", json!({})).unwrap();
                assert_eq!((served.count("initialize"), served.count("ping")), (1, 0), "{status}");
            }
        }
    }

    statuses_that_say_nothing_about_the_session_cause_no_ping {
        for status in [402, 406, 408, 413, 415, 429, 500, 502, 503, 504] {
            let served = refuses(Refusal(status, TEXT, "no"), |count, request| {
                request.rpc_method() == "tools/call" && count == 1
            });
            let client = served.client();
            client.call("echo", json!({})).unwrap_err();
            client.call("echo", json!({})).unwrap();
            assert_eq!((served.count("initialize"), served.count("ping")), (1, 0), "{status}");
        }
    }

    server_without_sessions_gets_no_ping {
        for config in [Config { has_sessions: false, ..handshake() },
                       Config::stateless(Offer::default())] {
            for status in [400, 401, 403, 409] {
                let served = HttpServer::before(config.clone(), move |count, mcp, request| {
                    match request.rpc_method().as_str() {
                        "tools/call" if count == 1 => Refusal(status, TEXT, "no").actions(),
                        _ => mcp.handle(request),
                    }
                });
                let client = served.client();
                client.call("echo", json!({})).unwrap_err();
                client.call("echo", json!({})).unwrap();
                assert_eq!(served.count("ping"), 0);
                assert!(served.count("initialize") <= 1);
            }
        }
    }

    refusal_of_every_session_is_an_error_and_no_loop {
        for refusal in REFUSALS {
            let served = refuses(*refusal, |_, request| {
                !["", "initialize", "server/discover", "notifications/initialized"]
                    .contains(&request.rpc_method().as_str())
            });
            let client = served.client();
            for calls in 1..=4 {
                let failure = client.call("echo", json!({})).unwrap_err();
                shows(&failure, *refusal);
                assert!(served.count("initialize") <= 2 * calls, "{refusal:?}");
                if !refusal.is_repeated("tools/call") {
                    // One new session for each refusal.
                    assert_eq!(served.count("tools/call"), calls, "{refusal:?}");
                    assert_eq!(served.count("initialize"), calls, "{refusal:?}");
                    assert_eq!(served.count("ping"), calls - 1, "{refusal:?}");
                }
            }
        }
    }

    verifying_ping_without_a_verdict_keeps_the_session {
        let plays: [(&str, Play); 8] = [
            ("hangs", || vec![Action::Hang]),
            ("closes", || vec![Action::Close]),
            ("500", || Refusal(500, TEXT, "no").actions()),
            ("503", || Refusal(503, TEXT, "no").actions()),
            ("429", || Refusal(429, TEXT, "no").actions()),
            ("202", || vec![Action::Send(http::reply(202, &[], b""))]),
            ("html", || vec![Action::Send(http::reply(200, &[("content-type", "text/html")], b"x"))]),
            ("no body", || vec![Action::Send(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
                    .to_vec()), Action::Hang]),
        ];
        for (name, play) in plays {
            let served = HttpServer::before(handshake(), move |count, mcp, request| {
                match request.rpc_method().as_str() {
                    "tools/call" if count == 1 => Refusal(409, TEXT, "busy").actions(),
                    "ping" => play(),
                    _ => mcp.handle(request),
                }
            });
            let client = served.client();
            client.call("echo", json!({})).unwrap_err();
            // The ping leaves time for the call.
            client.set_timeout(4000);
            client.call("echo", json!({})).unwrap_or_else(|failure| panic!("{name}: {failure:?}"));
            let pings = served.count("ping");
            client.call("echo", json!({})).unwrap();
            assert_eq!(served.count("ping"), pings, "{name}: verified once");
            assert_eq!(served.count("initialize"), 1, "{name}");
        }
    }

    verification_stays_within_the_time_of_the_call {
        // The ping and the call both hang.
        let served = HttpServer::before(handshake(), |count, mcp, request| {
            match request.rpc_method().as_str() {
                "tools/call" if count == 1 => Refusal(400, TEXT, "no").actions(),
                "tools/call" | "ping" => vec![Action::Hang],
                _ => mcp.handle(request),
            }
        });
        let client = served.client();
        client.call("echo", json!({})).unwrap_err();
        let request = client.tool_request("echo", json!({})).unwrap();
        request.set_timeout(2500);
        let start = Instant::now();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        served.awaits("tools/call", 2);
    }

    verification_ends_with_a_cancel_and_is_repeated {
        let is_hanging = Arc::new(AtomicBool::new(true));
        let hanging = is_hanging.clone();
        let served = HttpServer::before(handshake(), move |_, mcp, request| {
            match request.rpc_method().as_str() {
                "ping" if hanging.load(Ordering::SeqCst) => vec![Action::Hang],
                method if in_first(request) && method.contains('/')
                    && method != "notifications/initialized" => {
                    Refusal(400, TEXT, "no").actions()
                }
                "ping" if in_first(request) => Refusal(400, TEXT, "no").actions(),
                _ => mcp.handle(request),
            }
        });
        let client = served.client();
        client.call("echo", json!({})).unwrap_err();
        let cancel = Arc::new(Cancel::new());
        let request = client.tool_request("echo", json!({})).unwrap();
        request.set_cancel(&cancel);
        let (log, firing) = (served.server.log().clone(), cancel.clone());
        let start = Instant::now();
        let thread = std::thread::spawn(move || {
            assert!(log.await_of("ping", 1, SOON));
            firing.fire();
        });
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CANCELLED);
        assert!(start.elapsed() < AT_ONCE);
        thread.join().unwrap();
        is_hanging.store(false, Ordering::SeqCst);
        client.call("echo", json!({})).unwrap();
        assert_eq!((served.count("initialize"), served.count("tools/call")), (2, 2));
    }

    session_refused_to_many_threads_is_verified_once_and_replaced_once {
        for refusal in REFUSALS.iter().filter(|one| !one.is_repeated("tools/call")) {
            let served = loses(*refusal);
            let client = Arc::new(served.client());
            client.connect().unwrap();
            let all = |client: &Arc<Client>| -> Vec<Outcome<()>> {
                let threads: Vec<_> = (0..8).map(|_| {
                    let client = client.clone();
                    std::thread::spawn(move || perform(&client, "tools/call"))
                }).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            };
            assert!(all(&client).iter().any(Result::is_err), "{refusal:?}");
            for result in all(&client) {
                result.unwrap_or_else(|failure| panic!("{refusal:?}: {failure:?}"));
            }
            assert_eq!((served.count("initialize"), served.count("ping")), (2, 1), "{refusal:?}");
        }
    }

    refused_notification_makes_the_next_call_verify {
        for refusal in [Refusal(400, TEXT, "no"), Refusal(409, TEXT, "no"), Refusal(401, "", "")] {
            let served = loses(refusal);
            let client = served.client();
            shows(&client.notify("notifications/x", None).unwrap_err(), refusal);
            client.call("echo", json!({})).unwrap();
            assert_eq!((served.count("initialize"), served.count("tools/call")), (2, 1));
            assert_eq!(served.count("notifications/x"), 1, "not sent twice");
        }
    }

    refused_response_to_the_server_makes_the_next_call_verify {
        // The message is sent in the background, and nobody sees its refusal.
        for refusal in [Refusal(400, TEXT, "no"), Refusal(404, TEXT, "no"), Refusal(401, "", "")] {
            let is_lost = Arc::new(AtomicBool::new(false));
            let lost = is_lost.clone();
            let served = refuses(refusal, move |_, request| {
                in_first(request) && lost.load(Ordering::SeqCst) && request.method == "POST"
            });
            let client = served.client();
            let is_seen = Arc::new(AtomicBool::new(false));
            let (seen, head) = (is_seen.clone(), format!("< HTTP/1.1 {}", refusal.0));
            client
                .set_log(MCP_LOG_DEBUG, move |_, message| {
                    seen.fetch_or(message.contains(&head), Ordering::SeqCst);
                })
                .unwrap();
            let heard = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            heard.awaits(&client, MCP_EVENT_LISTENING, 1);
            is_lost.store(true, Ordering::SeqCst);
            assert_eq!(served.mcp.ping(), 1);
            let is_refused = || client.dispatch(10).is_ok() && is_seen.load(Ordering::SeqCst);
            assert!(await_true(SOON, is_refused), "{refusal:?}");
            std::thread::sleep(Duration::from_millis(100));
            client.call("echo", json!({})).unwrap();
            assert_eq!((served.count("initialize"), served.count("tools/call")), (2, 1));
        }
    }

    refused_end_of_the_handshake_costs_one_call_at_most {
        for refusal in REFUSALS.iter().filter(|one| one.0 != 200) {
            let served = refuses(*refusal, |_, request| in_first(request));
            let client = served.client();
            match client.ping() {
                // The server has lost the session that it has just made.
                Ok(()) => assert_eq!(refusal.0, 404),
                Err(failure) => {
                    shows(&failure, *refusal);
                    assert!(failure.message.contains("initialized"), "{}", failure.message);
                }
            }
            client.ping().unwrap();
            client.ping().unwrap();
            assert_eq!(ids_of(&served, "initialize"), [None, None], "{refusal:?}");
        }
    }

    handshake_that_is_always_lost_is_an_error {
        let served = refuses(Refusal(404, JSON, NO_ID), |_, request| {
            request.header("mcp-session-id").is_some()
        });
        let client = served.client();
        for round in 1..=2 {
            let failure = client.ping().unwrap_err();
            assert_eq!((failure.status, failure.http_status), (MCP_E_RPC, 404));
            assert_eq!(served.count("initialize"), 2 * round);
        }
    }

    server_that_does_not_know_the_end_of_the_handshake_is_used {
        for status in [400, 404, 405] {
            let served = HttpServer::before(handshake(), move |_, mcp, request| {
                let actions = mcp.handle(request);
                if request.rpc_method() != "notifications/initialized" {
                    return actions;
                }
                vec![Action::Send(http::json(status, &json!({"jsonrpc": "2.0", "id": null,
                    "error": {"code": -32601, "message": "Method not found"}})))]
            });
            let client = served.client();
            client.call("echo", json!({})).unwrap();
            client.ping().unwrap();
            assert_eq!((served.count("initialize"), served.count("ping")), (1, 1));
        }
    }

    refused_get_never_ends_a_session_or_delays_a_call {
        let bodies = [("text/html", "<html>Not Found</html>"), (JSON, NULL_ID), (JSON, NOT_INITIALIZED),
            (JSON, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32022,"message":"?"}}"#), ("", "")];
        for status in [302, 400, 401, 403, 404, 405, 406, 409, 410, 418, 422, 429, 500, 501, 502, 503] {
            for (kind, body) in bodies {
                let calls = || {
                    let served = refuses(Refusal(status, kind, body), |_, request| {
                        request.method == "GET"
                    });
                    let client = served.client();
                    client.set_roots(Some(json!([]))).unwrap();
                    let start = Instant::now();
                    for _ in 0..5 {
                        client.call("echo", json!({})).unwrap();
                    }
                    let took = start.elapsed();
                    assert_eq!(served.count("initialize"), 1, "{status} {body}");
                    assert_eq!(ids_of(&served, "tools/call"), vec![some(FIRST); 5]);
                    assert_eq!(served.count("ping"), 0, "{status} {body}");
                    took
                };
                let limit = Duration::from_millis(1500);
                is_fast(limit, calls).unwrap_or_else(|took| panic!("{status} {body}: {took:?}"));
            }
        }
    }

    get_with_another_answer_never_ends_a_session_or_delays_a_call {
        let head = |text: &str| vec![Action::Send(text.as_bytes().to_vec()), Action::Hang];
        let plays = [
            vec![Action::Close],
            vec![Action::Reset],
            vec![Action::Send(http::json(200, &json!({"ok": true})))],
            vec![Action::Send(http::reply(200, &[("content-type", "text/html")], b"<html>"))],
            vec![Action::Send(http::reply(202, &[], b""))],
            vec![Action::Send(http::reply(204, &[], b""))],
            // The body does not end.
            head("HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\ncontent-length: 99\r\n\r\n<"),
            head("HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n"),
            head("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"),
            head("HTTP/1.1 500 Oops\r\n\r\n"),
        ];
        for play in plays {
            let shown = format!("{play:?}");
            let served = HttpServer::before(handshake(), move |_, mcp, request| {
                if request.method == "GET" { play.clone() } else { mcp.handle(request) }
            });
            let client = served.client();
            client.set_roots(Some(json!([]))).unwrap();
            let start = Instant::now();
            for _ in 0..5 {
                client.call("echo", json!({})).unwrap();
            }
            assert!(start.elapsed() < AT_ONCE, "{shown}: {:?}", start.elapsed());
            assert_eq!((served.count("initialize"), served.count("ping")), (1, 0), "{shown}");
        }
    }

    refused_get_does_not_delay_the_call_that_replaces_a_session {
        let served = refuses(Refusal(404, "text/html", "<h1>Not Found</h1>"), |_, request| {
            request.method == "GET"
        });
        let client = served.client();
        client.set_roots(Some(json!([]))).unwrap();
        client.call("echo", json!({})).unwrap();
        for round in 2..=4 {
            served.mcp.forget_sessions();
            let start = Instant::now();
            client.call("echo", json!({})).unwrap();
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert_eq!(served.count("initialize"), round);
        }
    }

    listen_says_that_the_server_offers_no_stream {
        for status in [400, 404, 405, 406, 409, 410, 501] {
            for is_connected in [false, true] {
                let served = refuses(Refusal(status, "text/html", "<h1>No</h1>"), |_, request| {
                    request.method == "GET"
                });
                let client = served.client();
                if is_connected {
                    client.ping().unwrap();
                }
                let start = Instant::now();
                let failure = client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap_err();
                assert!(start.elapsed() < AT_ONCE);
                let status = i32::from(status);
                assert_eq!((failure.status, failure.http_status), (MCP_E_UNSUPPORTED, status));
                assert!(failure.message.contains("offers no notification stream"));
                assert!(failure.message.contains(&status.to_string()), "{}", failure.message);
                client.call("echo", json!({})).unwrap();
                assert_eq!(served.count("initialize"), 1, "{status}");
            }
        }
    }

    listen_in_a_dead_session_begins_a_new_one {
        for refusal in REFUSALS.iter().filter(|one| one.0 != 200 && one.0 != 405) {
            let is_lost = Arc::new(AtomicBool::new(false));
            let lost = is_lost.clone();
            let served = refuses(*refusal, move |_, request| {
                in_first(request) && lost.load(Ordering::SeqCst)
            });
            let client = served.client();
            client.ping().unwrap();
            is_lost.store(true, Ordering::SeqCst);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap_or_else(|failure| {
                panic!("{refusal:?}: {failure:?}")
            });
            assert_eq!(served.count("initialize"), 2, "{refusal:?}");
        }
    }

    stream_of_a_dead_session_is_reopened_in_a_new_one {
        // Nobody calls. 401 and 403 end the stream.
        let ends = [401, 403];
        std::thread::scope(|scope| {
            for refusal in REFUSALS.iter().filter(|one| one.0 != 200 && !ends.contains(&one.0)) {
                scope.spawn(move || {
                    let is_lost = Arc::new(AtomicBool::new(false));
                    let lost = is_lost.clone();
                    let served = refuses(*refusal, move |_, request| {
                        in_first(request) && lost.load(Ordering::SeqCst)
                    });
                    let client = served.client();
                    let heard = EventLog::by(&client);
                    client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
                    heard.awaits(&client, MCP_EVENT_LISTENING, 1);
                    is_lost.store(true, Ordering::SeqCst);
                    served.mcp.close_streams();
                    heard.awaits(&client, MCP_EVENT_LISTENING, 2);
                    assert_eq!(served.count("initialize"), 2, "{refusal:?}");
                    served.mcp.notify("notifications/tools/list_changed", json!({}));
                    heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
                });
            }
        });
    }

    stream_of_another_session_says_nothing_about_this_one {
        // The stream was open in the first session. The second has none.
        let served = refuses(Refusal(404, TEXT, "Not Found"), |_, request| {
            request.method == "GET" && !in_first(request)
        });
        let client = served.client();
        client.set_roots(Some(json!([]))).unwrap();
        client.call("echo", json!({})).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        served.mcp.forget_sessions();
        served.mcp.close_streams();
        for _ in 0..3 {
            client.call("echo", json!({})).unwrap();
            std::thread::sleep(Duration::from_millis(500));
        }
        assert_eq!(served.count("initialize"), 2);
    }

    stream_that_cannot_be_resumed_says_that_it_ended {
        for status in [400, 401, 403, 404, 405, 409, 410, 500] {
            let served = refuses(Refusal(status, TEXT, "no"), |_, request| {
                request.method == "GET"
            });
            let client = served.client();
            let arguments = json!({"segments": [1, 1], "retry": 5});
            let failure = client.call("breaks", arguments).unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true), "{status}");
            assert!(failure.message.contains("ended before the answer")
                && failure.message.contains(&status.to_string()), "{}", failure.message);
            assert!(!failure.message.contains("session"), "{}", failure.message);
            client.call("echo", json!({})).unwrap();
            assert_eq!((served.count("initialize"), served.count("tools/call")), (1, 2));
        }
    }

    read_whose_stream_was_lost_with_the_session_is_repeated {
        for status in [400, 401, 404, 409] {
            let is_lost = Arc::new(AtomicBool::new(false));
            let lost = is_lost.clone();
            let served = HttpServer::before(handshake(), move |count, mcp, request| {
                if request.rpc_method() == "resources/read" && count == 1 {
                    lost.store(true, Ordering::SeqCst);
                    let primed = http::event_with(Some("a"), Some(5), "");
                    return http::Stream::new().send(primed).cut();
                }
                if in_first(request) && lost.load(Ordering::SeqCst) {
                    return Refusal(status, TEXT, "no session").actions();
                }
                mcp.handle(request)
            });
            let client = served.client();
            client.read("test://text").unwrap_or_else(|failure| panic!("{status}: {failure:?}"));
            assert_eq!((served.count("initialize"), served.count("resources/read")), (2, 2));
        }
    }

    refused_end_of_a_session_neither_fails_nor_delays {
        let plays = [
            Refusal(404, TEXT, "Not Found").actions(),
            Refusal(405, TEXT, "Method Not Allowed").actions(),
            Refusal(500, JSON, NULL_ID).actions(),
            Refusal(401, "", "").actions(),
            vec![Action::Close],
            vec![Action::Hang],
        ];
        for play in plays {
            let shown = format!("{play:?}");
            let served = HttpServer::before(handshake(), move |_, mcp, request| {
                if request.method == "DELETE" { play.clone() } else { mcp.handle(request) }
            });
            let client = served.client();
            client.ping().unwrap();
            let is_hanging = shown.contains("Hang");
            if !is_hanging {
                // As long as it takes until the server has answered.
                client.set_close_timeout(40_000).unwrap();
            }
            let start = Instant::now();
            drop(client);
            assert!(start.elapsed() < AT_ONCE, "{shown}");
            assert!(served.log().await_http("DELETE", 1, SOON), "{shown}");
            let ended = served.log().that(|request| request.method == "DELETE");
            // The request may be sent again over a new connection.
            assert!((1..=2).contains(&ended.len()), "{shown}");
            assert_eq!(served.count("initialize"), 1, "{shown}");
        }
    }
}
