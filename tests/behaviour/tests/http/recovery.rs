//! Failures that the caller does not notice: lost sessions, servers that restart
//! or change, connections that break at each stage of a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, EventLog, HttpServer, SOON, tests};
use mcp_test_server::http::{self, Request};
use mcp_test_server::mcp::{Config, HANDSHAKE, Mcp, STATELESS};
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Handler, HeldPort, Server, await_true};
use serde_json::{Value, json};

const TOOLS: &str = "notifications/tools/list_changed";

fn configs() -> [Config; 2] {
    [Config::stateless(Offer::default()), Config::handshake(Offer::default())]
}

fn echo(client: &Client) -> behaviour::Outcome<String> {
    client.call("echo", json!({})).map(|answer| answer.text())
}

/// A server that can be restarted as another one, on the same port.
struct Restarted {
    server: Option<Server>,
    mcp: Arc<Mcp>,
    port: HeldPort,
}

impl Restarted {
    fn new(config: Config) -> Self {
        let mcp = Arc::new(Mcp::new(config.clone()));
        let mut this = Self { server: None, mcp, port: HeldPort::new().unwrap() };
        this.restart(config);
        this
    }

    fn restart(&mut self, config: Config) {
        self.stop();
        let mcp = Arc::new(Mcp::new(config));
        self.mcp = mcp.clone();
        let handler: Arc<Handler> = Arc::new(move |request: &Request| mcp.handle(request));
        self.server = Some(Server::start_on(self.port.number(), None, handler).unwrap());
    }

    fn stop(&mut self) {
        self.server = None;
    }

    fn client(&self) -> Client {
        Client::of(&self.server.as_ref().unwrap().url("/mcp"))
    }

    fn count(&self, method: &str) -> usize {
        self.server.as_ref().unwrap().log().of(method).len()
    }
}

/// Where a reply breaks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    BeforeHead,
    InHead,
    AfterHead,
    InBody,
    InStream,
    BeforeEvent,
}

const STAGES: [Stage; 6] = [
    Stage::BeforeHead,
    Stage::InHead,
    Stage::AfterHead,
    Stage::InBody,
    Stage::InStream,
    Stage::BeforeEvent,
];

/// A reply up to there; `last` is how the connection ends.
fn broken(stage: Stage, last: &Action) -> Vec<Action> {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n";
    let bytes = match stage {
        Stage::BeforeHead => Vec::new(),
        Stage::InHead => head[..30].to_vec(),
        Stage::AfterHead => head.to_vec(),
        Stage::InBody => [head.as_slice(), b"{\"jsonrpc\":\"2.0\","].concat(),
        Stage::InStream => [http::stream_head(&[]), http::chunk(b"data: {\"jsonrpc\":")].concat(),
        Stage::BeforeEvent => http::stream_head(&[]),
    };
    let mut actions = vec![Action::Send(bytes), Action::Pause(Duration::from_millis(20))];
    actions.push(last.clone());
    actions
}

/// A server that breaks off the first `times` replies to a method.
fn breaks(config: Config, method: &'static str, times: usize, reply: Vec<Action>) -> HttpServer {
    HttpServer::before(config, move |count, mcp, request| {
        if request.rpc_method() == method && count <= times {
            return reply.clone();
        }
        mcp.handle(request)
    })
}

/// All the ways to break a reply to a server of either era.
fn ways() -> impl Iterator<Item = (Config, Stage, Action)> {
    configs().into_iter().flat_map(|config| {
        STAGES.into_iter().flat_map(move |stage| {
            let config = config.clone();
            [Action::Close, Action::Reset].map(move |last| (config.clone(), stage, last))
        })
    })
}

tests! {
    read_with_a_broken_response_is_repeated_silently {
        for (config, stage, last) in ways() {
            let served = breaks(config, "resources/read", 1, broken(stage, &last));
            let client = served.client();
            client.ping().unwrap();
            let read = client.read("test://text").unwrap_or_else(|failure| {
                panic!("{stage:?} {last:?}: {}", failure.message)
            });
            assert!(read.json().contains("test://text"));
            let ids: Vec<Value> =
                served.log().of("resources/read").iter().map(Request::id).collect();
            assert_eq!(ids.len(), 2, "{stage:?} {last:?}");
            assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 1, "{stage:?} {last:?}");
            served.has_no_complaint();
        }
    }

    read_with_ever_broken_responses_is_one_error {
        for (config, stage, last) in ways() {
            let served = breaks(config, "resources/read", usize::MAX, broken(stage, &last));
            let client = served.client();
            client.ping().unwrap();
            let failure = client.read("test://text").unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true),
                "{stage:?} {last:?}: {}", failure.message);
            assert_eq!(served.count("resources/read"), 2, "{stage:?} {last:?}");
            client.ping().unwrap();
            served.has_no_complaint();
        }
    }

    tool_with_a_broken_response_is_called_once {
        for (config, stage, last) in ways() {
            let served = breaks(config, "tools/call", 1, broken(stage, &last));
            let client = served.client();
            client.set_repeat_tools(true).unwrap();
            client.list_tools().unwrap();
            let failure = client.call("text", json!({})).unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_IO, true),
                "{stage:?} {last:?}: {}", failure.message);
            assert_eq!(served.count("tools/call"), 1, "{stage:?} {last:?}");
            assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 0);
            client.call("text", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    tool_is_repeated_only_with_a_hint_and_the_option {
        for (config, stage, last) in ways() {
            for (is_allowed, is_known) in [(true, true), (false, true), (true, false)] {
                let served = breaks(config.clone(), "tools/call", 1, broken(stage, &last));
                let client = served.client();
                client.set_repeat_tools(is_allowed).unwrap();
                client.connect().unwrap();
                if is_known {
                    client.list_tools().unwrap();
                }
                let is_repeated = is_allowed && is_known;
                assert_eq!(echo(&client).is_ok(), is_repeated, "{stage:?} {last:?}");
                assert_eq!(served.count("tools/call"), if is_repeated { 2 } else { 1 });
                assert_eq!(client.count(MCP_COUNTER_REPETITIONS), i64::from(is_repeated));
            }
        }
    }

    repeatable_tool_request_is_repeated {
        for config in configs() {
            for is_repeatable in [true, false] {
                let reply = broken(Stage::InBody, &Action::Close);
                let served = breaks(config.clone(), "tools/call", 1, reply);
                let client = served.client();
                client.set_repeat_tools(true).unwrap();
                client.list_tools().unwrap();
                let tool = if is_repeatable { "text" } else { "echo" };
                let request = client.tool_request(tool, json!({})).unwrap();
                request.set_repeatable(is_repeatable).unwrap();
                assert_eq!(request.perform().is_ok(), is_repeatable);
                assert_eq!(served.count("tools/call"), if is_repeatable { 2 } else { 1 });
            }
        }
    }

    started_request_recovers_like_a_performed_one {
        for (config, stage, last) in ways() {
            let served = breaks(config, "resources/read", 1, broken(stage, &last));
            let client = served.client();
            client.ping().unwrap();
            let request = client.read_request("test://text").unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0, "{stage:?} {last:?}");
            assert_eq!(served.count("resources/read"), 2);
        }
    }

    negotiation_continues_after_a_broken_response {
        for (config, method) in configs().into_iter().zip(["server/discover", "initialize"]) {
            for stage in STAGES {
                let served = breaks(config.clone(), method, 1, broken(stage, &Action::Close));
                let client = served.client();
                // One error at the most; never one for ever.
                let first = client.ping();
                if let Err(failure) = &first {
                    assert_eq!(failure.status, MCP_E_IO, "{stage:?}: {}", failure.message);
                }
                client.ping().unwrap();
                assert!(served.count(method) >= 2);
                served.has_no_complaint();
            }
        }
    }

    server_restart_between_calls_goes_unnoticed {
        for config in configs() {
            let mut server = Restarted::new(config.clone());
            let client = server.client();
            client.set_log_level(MCP_LOG_WARNING).unwrap();
            echo(&client).unwrap();
            for round in 1..=3 {
                server.restart(config.clone());
                echo(&client).unwrap_or_else(|failure| panic!("{round}: {}", failure.message));
                assert_eq!(server.count("tools/call"), if config.is_stateless { 1 } else { 2 });
                if !config.is_stateless {
                    let session = server.mcp.session().unwrap();
                    assert_eq!(session.level.as_deref(), Some("warning"));
                    assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), round);
                }
                assert_eq!(server.mcp.violations(), [""; 0]);
            }
        }
    }

    server_restart_keeps_subscriptions_and_log_level {
        let mut server = Restarted::new(Config::handshake(Offer::default()));
        let client = server.client();
        let heard = EventLog::by(&client);
        client.set_roots(Some(json!([{"uri": "file:///a"}]))).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        client.subscribe("test://text").unwrap();
        client.subscribe("test://blob").unwrap();
        client.unsubscribe("test://blob").unwrap();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        server.restart(Config::handshake(Offer::default()));
        let rounds = json!([{"where": {"method": "roots/list"}}]);
        let told = client.call("ask", json!({"rounds": rounds, "on": "get"})).unwrap().told();
        assert_eq!(told[0]["where"]["roots"][0]["uri"], "file:///a");
        let session = server.mcp.session().unwrap();
        assert_eq!(session.subscriptions.into_iter().collect::<Vec<_>>(), ["test://text"]);
        assert_eq!(session.level.as_deref(), Some("warning"));
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        server.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        assert_eq!(server.mcp.violations(), [""; 0]);
    }

    call_fails_while_the_server_is_down_and_works_after {
        for config in configs() {
            let mut server = Restarted::new(config.clone());
            let client = server.client();
            echo(&client).unwrap();
            server.stop();
            let failure = echo(&client).unwrap_err();
            assert_eq!((failure.status, failure.may_have_run), (MCP_E_CONNECT, false));
            server.restart(config);
            echo(&client).unwrap();
        }
    }

    upgraded_server_is_negotiated_again {
        let [stateless, handshake] = configs();
        let both = Config::of(Offer::default());
        let old = Config { handshake: vec!["2024-11-05"], ..handshake.clone() };
        let without = Config { has_sessions: false, ..handshake.clone() };
        for (before, after) in [
            (&handshake, &stateless), (&stateless, &handshake), (&stateless, &both),
            (&handshake, &both), (&old, &handshake), (&handshake, &old), (&old, &stateless),
            (&stateless, &old), (&without, &stateless), (&stateless, &without),
            (&without, &handshake), (&handshake, &without),
        ] {
            let what = format!("{}/{:?}/{} -> {}/{:?}/{}", before.is_stateless, before.handshake,
                before.has_sessions, after.is_stateless, after.handshake, after.has_sessions);
            let mut server = Restarted::new(before.clone());
            let client = server.client();
            echo(&client).unwrap();
            for config in [after, before] {
                server.restart(config.clone());
                echo(&client).unwrap_or_else(|failure| panic!("{what}: {}", failure.message));
                let version = client.connect().unwrap().protocol_version().unwrap();
                let is_spoken = config.handshake.contains(&version.as_str())
                    || config.is_stateless && version == STATELESS;
                assert!(is_spoken, "{what}: {version}");
                assert!(server.count("tools/call") <= 2, "{what}");
                client.read("test://text").unwrap();
            }
        }
    }

    pinned_revision_stays_pinned_when_the_server_changes {
        let [stateless, handshake] = configs();
        for (pinned, before, after) in [(STATELESS, &stateless, &handshake),
                                        (HANDSHAKE[0], &handshake, &stateless)] {
            let mut server = Restarted::new(before.clone());
            let client = server.client();
            client.pin(pinned).unwrap();
            echo(&client).unwrap();
            server.restart(after.clone());
            let failure = echo(&client).unwrap_err();
            assert!([MCP_E_VERSION, MCP_E_RPC].contains(&failure.status), "{}", failure.message);
            assert!(server.count("tools/call") <= 1, "refused, and not tried otherwise");
            server.restart(before.clone());
            echo(&client).unwrap();
        }
    }

    session_lost_by_many_threads_is_replaced_once {
        let served = HttpServer::handshake();
        let client = Arc::new(served.client());
        echo(&client).unwrap();
        for round in 2..=4 {
            served.mcp.forget_sessions();
            let threads: Vec<_> = (0..16).map(|_| {
                let client = client.clone();
                std::thread::spawn(move || echo(&client).map(drop))
            }).collect();
            for thread in threads {
                thread.join().unwrap().unwrap();
            }
            assert_eq!(served.count("initialize"), round);
        }
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 3);
        served.has_no_complaint();
    }

    notification_in_a_lost_session_is_sent_in_a_new_one {
        let served = HttpServer::handshake();
        let client = served.client();
        client.ping().unwrap();
        served.mcp.forget_sessions();
        client.notify("notifications/x", None).unwrap();
        assert_eq!((served.count("notifications/x"), served.count("initialize")), (2, 2));
        served.mcp.forget_sessions();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        assert_eq!(served.mcp.session().unwrap().level.as_deref(), Some("warning"));
        served.has_no_complaint();
    }

    restarted_server_with_a_single_session_is_initialized_again {
        // The TypeScript SDK says so with a status of its own. What may run twice
        // is sent twice.
        for (method, error) in [
            ("resources/read",
                json!({"code": -32000, "message": "Bad Request: Server not initialized"})),
            ("tools/call", json!({"code": -32022, "message": "?", "data": {"supported": []}})),
        ] {
            let is_lost = AtomicBool::new(true);
            let served = HttpServer::before(Config::handshake(Offer::default()),
                move |_, mcp, request| {
                    if request.rpc_method() == method && is_lost.swap(false, Ordering::SeqCst) {
                        return vec![Action::Send(http::json(400,
                            &json!({"jsonrpc": "2.0", "id": null, "error": error})))];
                    }
                    mcp.handle(request)
                });
            let client = served.client();
            if method == "tools/call" {
                echo(&client).unwrap();
            } else {
                client.read("test://text").unwrap();
            }
            assert_eq!((served.count(method), served.count("initialize")), (2, 2));
            assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 1);
            assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 1);
        }
    }

    refusal_that_is_not_session_loss_keeps_the_session {
        for config in configs() {
            for (status, error) in [
                (400, json!({"code": -32602, "message": "wrong"})),
                (400, json!({"code": -32603, "message": "broken"})),
                (500, json!({"code": -32000, "message": "broken"})),
                (200, json!({"code": -32600, "message": "no"})),
            ] {
                let served = HttpServer::before(config.clone(), move |_, mcp, request| {
                    if request.rpc_method() == "tools/call" {
                        return vec![Action::Send(http::json(status, &json!({"jsonrpc": "2.0",
                            "id": request.id(), "error": error})))];
                    }
                    mcp.handle(request)
                });
                let client = served.client();
                assert_eq!(echo(&client).unwrap_err().status, MCP_E_RPC);
                assert_eq!(served.count("tools/call"), 1);
                assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 0);
            }
        }
    }

    repeated_session_loss_is_one_error {
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            if request.rpc_method() == "tools/call" {
                mcp.forget_sessions();
            }
            mcp.handle(request)
        });
        let client = served.client();
        let failure = echo(&client).unwrap_err();
        assert_eq!(failure.http_status, 404, "{}", failure.message);
        assert_eq!((served.count("tools/call"), served.count("initialize")), (2, 2));
        client.ping().unwrap();
    }

    resumption_is_rate_limited {
        let gets = Arc::new(AtomicUsize::new(0));
        let count = gets.clone();
        let primed = || http::Stream::new().send(http::event_with(Some("a"), Some(0), "")).cut();
        let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
            if request.method == "GET" {
                count.fetch_add(1, Ordering::SeqCst);
                return primed();
            }
            if request.rpc_method() == "tools/call" { primed() } else { mcp.handle(request) }
        });
        let client = served.client();
        let request = client.tool_request("echo", json!({})).unwrap();
        request.set_timeout(3000);
        let start = Instant::now();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE);
        let count = gets.load(Ordering::SeqCst);
        assert!((2..=20).contains(&count), "{count} attempts in three seconds");
    }

    cancel_is_sent_over_a_slow_new_connection {
        // The one connection is taken by the call, and another is slow.
        let served = HttpServer::handshake();
        let slow = SlowDoor::before(served.server.address());
        for is_timeout in [false, true] {
            let client = Client::of(&format!("http://{}/mcp", slow.address));
            client.ping().unwrap();
            slow.is_open.store(false, Ordering::SeqCst);
            let request = client.tool_request("silent", json!({})).unwrap();
            let before = served.count("tools/call");
            let told = served.count("notifications/cancelled");
            let cancel = Arc::new(behaviour::Cancel::new());
            if is_timeout {
                request.set_timeout(1500);
            } else {
                request.set_cancel(&cancel);
            }
            let log = served.server.log().clone();
            let thread = std::thread::spawn(move || {
                assert!(log.await_of("tools/call", before + 1, SOON));
                if !is_timeout {
                    cancel.fire();
                }
            });
            // The call does not wait for the other connection.
            let failure = request.perform().unwrap_err();
            slow.is_open.store(true, Ordering::SeqCst);
            let expected = if is_timeout { MCP_E_TIMEOUT } else { MCP_E_CANCELLED };
            assert_eq!(failure.status, expected);
            thread.join().unwrap();
            served.awaits("notifications/cancelled", told + 1);
            let last = served.log().of("notifications/cancelled").pop().unwrap();
            let call = served.log().of("tools/call").pop().unwrap();
            assert_eq!(last.json()["params"]["requestId"], call.id());
        }
        assert!(await_true(SOON, || served.count("notifications/cancelled") == 2));
        served.has_no_complaint();
    }
}

/// Lets connections through to a server while it is open; the others wait.
struct SlowDoor {
    address: std::net::SocketAddr,
    is_open: Arc<AtomicBool>,
}

impl SlowDoor {
    fn before(server: std::net::SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_open = Arc::new(AtomicBool::new(true));
        let open = is_open.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let open = open.clone();
                std::thread::spawn(move || {
                    if !await_true(SOON, || open.load(Ordering::SeqCst)) {
                        return;
                    }
                    let server = std::net::TcpStream::connect(server).unwrap();
                    let (mut from, mut to) =
                        (client.try_clone().unwrap(), server.try_clone().unwrap());
                    let there = std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                    let (mut from, mut to) = (server, client);
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Both);
                    let _ = there.join();
                });
            }
        });
        Self { address, is_open }
    }
}
