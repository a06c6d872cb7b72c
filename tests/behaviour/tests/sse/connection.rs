//! HTTP with SSE: the endpoint of messages, and every call over one shared stream.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, EventLog, SOON, SseServer, tests};
use mcp_test_server::mcp::{Config, HANDSHAKE, STATELESS};
use mcp_test_server::offer::Offer;
use mcp_test_server::sse::{Endpoint, Shape};
use mcp_test_server::{Action, Gate, Server, await_true, http};
use serde_json::{Value, json};

const TOOLS: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn form() -> Value {
    json!({"method": "elicitation/create", "params": {"mode": "form", "message": "Who?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}})
}

fn sampling() -> Value {
    json!({"method": "sampling/createMessage", "params": {"maxTokens": 10, "messages": [
        {"role": "user", "content": {"type": "text", "text": "2.50?"}}]}})
}

fn echoed(client: &Client, value: Value) {
    let text = client.call("echo", json!({"value": value})).unwrap().text();
    assert_eq!(text, json!({"value": value}).to_string());
}

tests! {
    endpoint_may_be_a_path_or_a_url {
        for endpoint in [Endpoint::Relative, Endpoint::Absolute, Endpoint::Twice,
                         Endpoint::TwoOfThem, Endpoint::AfterOthers,
                         Endpoint::Text("messages/?session_id={session}".into())] {
            let legacy = SseServer::with(endpoint.clone());
            let client = legacy.client();
            client.ping().unwrap_or_else(|failure| panic!("{endpoint:?}: {}", failure.message));
            echoed(&client, json!(1));
            assert_eq!(client.transport(), MCP_TRANSPORT_SSE);
            assert_eq!(legacy.count_http("GET"), 1);
            legacy.has_no_complaint();
        }
    }

    endpoint_keeps_its_query {
        let to = "{base}/messages/?session_id={session}&to=http://other.example/a%20b";
        let legacy = SseServer::with(Endpoint::Text(to.into()));
        legacy.client().ping().unwrap();
        let posts = legacy.log().that(|request| request.method == "POST");
        assert!(posts.iter().all(|post| post.target.ends_with("&to=http://other.example/a%20b")));
    }

    endpoint_without_a_path_uses_the_path_of_the_stream {
        // POST and GET share the path, only the query tells who it is.
        let mcp = mcp_test_server::sse::Sse::new(
            Config::handshake(Offer::default()),
            Shape { endpoint: Endpoint::Text("?session_id={session}".into()), ..Shape::default() },
        );
        let server = Server::start(move |request| {
            let mut request = request.clone();
            if request.method == "POST" && request.target.starts_with("/sse?session_id=") {
                request.target = request.target.replace("/sse", "/messages/");
            }
            mcp.handle(&request)
        });
        Client::of(&server.url("/sse")).ping().unwrap();
    }

    endpoint_on_another_origin_is_refused {
        let other = Server::start(|_| vec![Action::Close]);
        let elsewhere = Endpoint::Text(other.url("/messages/?session_id={session}"));
        for endpoint in [elsewhere, Endpoint::OtherHost, Endpoint::OtherPort, Endpoint::OtherScheme,
                         Endpoint::SchemeRelative, Endpoint::UserInfo, Endpoint::NotUrl] {
            for chosen in [MCP_TRANSPORT_AUTO, MCP_TRANSPORT_SSE] {
                let legacy = SseServer::with(endpoint.clone());
                let client = Client::new(&legacy.url(), Some("test-token")).unwrap();
                client.set_header("X-API-Key", Some("test-key")).unwrap();
                client.set_transport(chosen).unwrap();
                let failure = client.ping().unwrap_err();
                assert_eq!(failure.status, MCP_E_REDIRECT, "{endpoint:?}: {}", failure.message);
                let methods: Vec<_> =
                    legacy.log().requests().into_iter().map(|one| one.method).collect();
                assert_eq!(methods, ["GET"], "{endpoint:?}");
                legacy.has_no_complaint();
            }
        }
        assert_eq!(other.log().connections(), 0);
    }

    stream_without_an_endpoint_is_a_transport_error {
        for endpoint in [Endpoint::Missing, Endpoint::Empty, Endpoint::Ends] {
            let legacy = SseServer::with(endpoint.clone());
            let client = legacy.client();
            client.set_transport(MCP_TRANSPORT_SSE).unwrap();
            if endpoint == Endpoint::Missing {
                client.set_connect_timeout(1000);
            }
            let start = Instant::now();
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_TRANSPORT, "{endpoint:?}: {}", failure.message);
            assert!(failure.message.contains("endpoint") || endpoint == Endpoint::Ends,
                "{}", failure.message);
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            assert!(legacy.sse.await_streams(0, SOON), "the stream is let go of");
            legacy.has_no_complaint();
        }
    }

    message_before_the_endpoint_is_skipped {
        let server = Server::start(|request| {
            let ping = json!({"jsonrpc": "2.0", "id": 1, "method": "ping"});
            assert_eq!(request.method, "GET");
            http::Stream::new().message(&ping).then(Action::Hang)
        });
        let client = Client::of(&server.url("/sse"));
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TRANSPORT);
        assert_eq!(server.log().count(), 1);
    }

    late_endpoint_is_waited_for {
        let legacy = SseServer::of(Shape { late: Duration::from_millis(400), ..Shape::default() });
        let start = Instant::now();
        legacy.client().ping().unwrap();
        assert!(start.elapsed() >= Duration::from_millis(400));
        legacy.has_no_complaint();
    }

    response_before_the_accepted_status_ends_the_call {
        let legacy = SseServer::of(Shape {
            accepts_after: Duration::from_millis(100), ..Shape::default()
        });
        let client = legacy.client();
        echoed(&client, json!("a"));
        client.list_tools().unwrap();
        legacy.has_no_complaint();
    }

    progress_before_the_accepted_status_is_delivered {
        // Some servers accept a message when they are done with it.
        let is_told = Gate::default();
        let waits = is_told.clone();
        let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
            move |sse, request| {
                let mut actions = sse.handle(request);
                if request.rpc_method() == "tools/call" {
                    actions.insert(0, Action::Await(waits.clone()));
                }
                actions
            });
        let client = legacy.client();
        client.ping().unwrap();
        let request = client.tool_request("slow", json!({"steps": 7, "pause": 10})).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = told.clone();
        request.set_progress(move |one| {
            shared.lock().unwrap().push((one.progress, is_told.is_open()));
            if one.progress == 7.0 {
                is_told.open();
            }
        }).unwrap();
        request.perform().unwrap();
        let told = told.lock().unwrap();
        let steps: Vec<f64> = told.iter().map(|(step, _)| *step).collect();
        assert_eq!(steps, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert!(!told.iter().any(|(_, is_accepted)| *is_accepted), "told as it comes");
    }

    response_without_an_accepted_status_ends_the_call {
        let legacy = SseServer::before(Config::handshake(Offer::default()), Shape::default(),
            |sse, request| {
                let mut actions = sse.handle(request);
                if request.rpc_method() == "tools/call" {
                    actions.insert(0, Action::Hang);
                }
                actions
            });
        let client = legacy.client();
        echoed(&client, json!(1));
        client.ping().unwrap();
        assert_eq!(legacy.count("tools/call"), 1);
        assert_eq!(legacy.count("notifications/cancelled"), 0);
    }

    token_and_headers_are_sent_with_every_request {
        let legacy = SseServer::guarded("test-token");
        let client = Client::new(&legacy.url(), Some("test-token")).unwrap();
        client.set_header("X-Test", Some("a header")).unwrap();
        client.ping().unwrap();
        echoed(&client, json!(1));
        drop(client);
        let requests = legacy.log().requests();
        assert_eq!(requests.iter().filter(|one| one.method == "GET").count(), 1);
        assert!(requests.iter().all(|one| one.method == "GET" || one.method == "POST"));
        for request in requests {
            assert_eq!(request.header("authorization"), Some("Bearer test-token"));
            assert_eq!(request.header("x-test"), Some("a header"));
            assert_eq!(request.header("mcp-session-id"), None);
            assert_eq!(request.header("last-event-id"), None);
        }
        legacy.has_no_complaint();
    }

    new_token_and_header_are_sent_with_the_next_request {
        let legacy = SseServer::full();
        let client = Client::new(&legacy.url(), Some("one")).unwrap();
        client.ping().unwrap();
        client.set_token(Some("two")).unwrap();
        client.set_header("X-New", Some("yes")).unwrap();
        client.ping().unwrap();
        let last = legacy.log().requests().pop().unwrap();
        assert_eq!(last.header("authorization"), Some("Bearer two"));
        assert_eq!(last.header("x-new"), Some("yes"));
    }

    all_calls_work {
        let legacy = SseServer::full();
        let client = legacy.client();
        let who = client.connect().unwrap();
        assert_eq!(who.server_name().unwrap(), "test server");
        assert!(!client.list_tools().unwrap().tools().is_empty());
        assert!(!client.list_resources().unwrap().json().is_empty());
        client.list_templates().unwrap();
        client.list_prompts().unwrap();
        client.read("test://text").unwrap();
        client.get_prompt("plain", None).unwrap();
        let reference = json!({"type": "ref/prompt", "name": "greet"});
        client.complete(reference, "language", "", None).unwrap();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        client.notify("notifications/x", None).unwrap();
        let failure = client.request("x/none", None).unwrap().perform().unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_RPC, -32601));
        let image = client.call("image", json!({"size": 300_000})).unwrap();
        assert!(image.json().len() > 400_000);
        // What goes into headers over Streamable HTTP does not here.
        client.call("marked", json!({"region": "us", "count": 3})).unwrap();
        legacy.has_no_complaint();
    }

    every_handshake_revision_works_and_can_be_pinned {
        for version in HANDSHAKE {
            let config =
                Config { handshake: vec![version], ..Config::handshake(Offer::default()) };
            let legacy = SseServer::new(config, Shape::default());
            let client = legacy.client();
            echoed(&client, json!(version));
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), version);
            legacy.has_no_complaint();

            let legacy = SseServer::full();
            let client = legacy.client();
            client.pin(version).unwrap();
            echoed(&client, json!(version));
            assert_eq!(client.connect().unwrap().protocol_version().unwrap(), version);
            assert_eq!(legacy.count("server/discover"), 0);
            legacy.has_no_complaint();
        }
    }

    stateless_revision_is_refused {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.set_transport(MCP_TRANSPORT_SSE).unwrap();
        client.pin(STATELESS).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION, "{}", failure.message);
        assert_eq!(legacy.log().count(), 0);
    }

    responses_may_come_in_any_order {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        client.ping().unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..8).map(|number| {
            let (client, order) = (client.clone(), order.clone());
            std::thread::spawn(move || {
                let mut arguments = json!({"label": format!("{number}"), "value": number});
                if number < 7 {
                    arguments["after_label"] = json!(format!("{}", number + 1));
                }
                let text = client.call("echo", arguments).unwrap().text();
                let value: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(value["value"], number);
                order.lock().unwrap().push(number);
            })
        }).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(order.lock().unwrap().len(), 8);
        assert_eq!(legacy.count_http("GET"), 1);
        legacy.has_no_complaint();
    }

    many_threads_make_different_calls {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        let threads: Vec<_> = (0..32).map(|number| {
            let client = client.clone();
            std::thread::spawn(move || for round in 0..10 {
                match (number + round) % 5 {
                    0 => assert!(!client.list_tools().unwrap().tools().is_empty()),
                    1 => assert!(client.read("test://text").unwrap().json().contains("test://text")),
                    2 => client.ping().unwrap(),
                    3 => {
                        let size = 1 + number * 1000 + round;
                        let text = client.call("text", json!({"size": size})).unwrap().text();
                        assert_eq!(text.len(), size);
                    }
                    _ => echoed(&client, json!([number, round])),
                }
            })
        }).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(client.count(MCP_COUNTER_DROPPED_REPLIES), 0);
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 0);
        assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (1, 1));
        legacy.has_no_complaint();
    }

    input_requests_are_answered_during_a_call {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        let inner = Arc::downgrade(&client);
        client.set_roots(Some(json!([{"uri": "file:///a", "name": "a"}]))).unwrap();
        client.set_input_handler(MCP_INPUT_FORM | MCP_INPUT_SAMPLING, move |input| {
            // A call inside of a call, on the same stream.
            echoed(&inner.upgrade().unwrap(), json!("nested"));
            match input.kind() {
                MCP_INPUT_FORM => input.accept(Some(json!({"name": "Ada"}))).unwrap(),
                _ => input.reply(json!({"role": "assistant", "model": "m",
                    "content": {"type": "text", "text": "2.50"}})).unwrap(),
            }
        }).unwrap();
        let rounds = json!([{"who": form()}, {"what": sampling(), "where": {"method": "roots/list"}}]);
        let told = client.call("ask", json!({"rounds": rounds})).unwrap().told();
        assert_eq!(told[0]["who"], json!({"action": "accept", "content": {"name": "Ada"}}));
        assert_eq!(told[1]["what"]["content"]["text"], "2.50");
        assert_eq!(told[1]["where"]["roots"][0]["uri"], "file:///a");
        assert_eq!(legacy.count_http("GET"), 1);
        legacy.has_no_complaint();
    }

    input_is_answered_by_another_thread_and_in_a_started_request {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.set_input_handler(MCP_INPUT_FORM, |input| {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(100));
                input.accept(Some(json!({"name": "Bob"}))).unwrap();
            });
        }).unwrap();
        let wanted = json!([{"who": {"action": "accept", "content": {"name": "Bob"}}}]);
        let arguments = json!({"rounds": [{"who": form()}]});
        assert_eq!(client.call("ask", arguments.clone()).unwrap().told(), wanted);
        let request = client.tool_request("ask", arguments).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(30_000), 0);
        assert_eq!(request.take_result().unwrap().told(), wanted);
        legacy.has_no_complaint();
    }

    undeclared_input_request_is_refused {
        let legacy = SseServer::full();
        let told = legacy.client().call("ask", json!({"rounds": [{"who": form()}]})).unwrap().told();
        assert_eq!(told[0]["who"]["error"]["code"], -32601);
        legacy.has_no_complaint();
    }

    roots_request_gets_the_new_roots {
        let legacy = SseServer::full();
        let client = legacy.client();
        for name in ["first", "second"] {
            let uri = format!("file:///{name}");
            client.set_roots(Some(json!([{"uri": uri}]))).unwrap();
            let rounds = json!([{"where": {"method": "roots/list"}}]);
            let told = client.call("ask", json!({"rounds": rounds})).unwrap().told();
            assert_eq!(told[0]["where"]["roots"][0]["uri"], uri);
        }
        assert_eq!(legacy.count("notifications/roots/list_changed"), 1);
    }

    progress_and_logs_come_in_order {
        let legacy = SseServer::full();
        let client = legacy.client();
        let heard = EventLog::by(&client);
        let request = client.tool_request("slow", json!({"steps": 3, "pause": 20})).unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = told.clone();
        request.set_progress(move |one| shared.lock().unwrap().push(one.progress)).unwrap();
        request.perform().unwrap();
        assert_eq!(*told.lock().unwrap(), [1.0, 2.0, 3.0]);
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        client.call("log", json!({})).unwrap();
        heard.awaits(&client, MCP_EVENT_LOG, 5);
        let levels: Vec<i32> = heard.of(MCP_EVENT_LOG).iter().map(|one| one.log_level).collect();
        assert_eq!(levels, [3, 4, 5, 6, 7]);
        legacy.has_no_complaint();
    }

    notifications_between_calls_are_delivered {
        let legacy = SseServer::full();
        let client = legacy.client();
        let heard = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        assert_eq!(legacy.sse.mcp.notify(TOOLS, json!({})), 1);
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        client.subscribe("test://text").unwrap();
        let told = legacy.sse.mcp.notify(UPDATED, json!({"uri": "test://text"}));
        assert_eq!(told, 1);
        heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
        client.unsubscribe("test://text").unwrap();
        assert!(legacy.sse.mcp.session().unwrap().subscriptions.is_empty());
        client.listen(0).unwrap();
        echoed(&client, json!(1));
        assert_eq!(legacy.count_http("GET"), 1);
        legacy.has_no_complaint();
    }

    server_ping_is_answered_at_any_time {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.ping().unwrap();
        // Nobody calls or dispatches.
        assert_eq!(legacy.sse.mcp.ping(), 1);
        assert!(await_true(SOON, || legacy.sse.mcp.unanswered() == 0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                legacy.awaits("tools/call", 1);
                for _ in 0..10 {
                    legacy.sse.mcp.ping();
                }
            });
            client.call("slow", json!({"steps": 2, "pause": 100})).unwrap();
        });
        assert!(await_true(SOON, || legacy.sse.mcp.unanswered() == 0));
        legacy.has_no_complaint();
    }

    started_requests_share_the_stream {
        let legacy = SseServer::full();
        let client = legacy.client();
        let requests: Vec<_> = (0..20).map(|number| {
            let request = client.tool_request("echo", json!({"value": number})).unwrap();
            request.start().unwrap();
            request
        }).collect();
        for (number, request) in requests.iter().enumerate() {
            assert_eq!(request.wait(30_000), 0);
            let text = request.take_result().unwrap().text();
            assert_eq!(text, json!({"value": number}).to_string());
        }
        assert_eq!((legacy.count_http("GET"), legacy.count("initialize")), (1, 1));
        legacy.has_no_complaint();
    }

    comments_keep_the_stream_alive_and_no_call {
        let comments = Some(Duration::from_millis(20));
        let legacy = SseServer::of(Shape { comments, ..Shape::default() });
        let client = legacy.client();
        echoed(&client, json!(1));
        let request = client.tool_request("silent", json!({})).unwrap();
        request.set_timeout(300);
        let start = Instant::now();
        assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE);
        std::thread::sleep(Duration::from_millis(200));
        echoed(&client, json!(2));
        assert_eq!(legacy.count_http("GET"), 1);
        assert_eq!(client.count(MCP_COUNTER_MALFORMED), 0);
    }

    malformed_input_is_skipped_and_counted {
        let legacy = SseServer::full();
        let client = legacy.client();
        client.ping().unwrap();
        for (number, rubbish) in ["data: {\n\n", "data: 7\n\n", "data: []\n\n",
                "data: {\"jsonrpc\":\"2.0\"}\n\n", "data: {\"jsonrpc\":\"2.0\",\"method\":7}\n\n",
                "data: \u{1}\n\n"].into_iter().enumerate() {
            legacy.sse.mcp.send_raw(rubbish.as_bytes());
            let count = number as i64 + 1;
            assert!(await_true(SOON, || client.count(MCP_COUNTER_MALFORMED) == count),
                "{rubbish}: {}", client.count(MCP_COUNTER_MALFORMED));
        }
        // What is no message is none of the client's business.
        for other in [": comment\n\n", "event: other\ndata: {}\n\n", "\n\n\n", "id\nretry\n\n",
                      "event: endpoint\ndata: http://other.example/\n\n"] {
            legacy.sse.mcp.send_raw(other.as_bytes());
        }
        legacy.sse.mcp.send_raw(b"data: {\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}\n\n");
        assert!(await_true(SOON, || client.count(MCP_COUNTER_DROPPED_REPLIES) == 1));
        echoed(&client, json!(1));
        assert_eq!(client.count(MCP_COUNTER_MALFORMED), 6);
        assert_eq!(legacy.count_http("GET"), 1);
        legacy.has_no_complaint();
    }

    batch_is_split_in_its_revision {
        for (version, is_spoken) in [("2025-03-26", true), ("2025-11-25", false)] {
            let config =
                Config { handshake: vec![version], ..Config::handshake(Offer::default()) };
            let legacy = SseServer::new(config, Shape::default());
            let client = legacy.client();
            match client.call("batch", json!({"as": "event"})) {
                Ok(_) => assert!(is_spoken),
                Err(failure) => {
                    assert_eq!(failure.status, MCP_E_PROTOCOL);
                    assert!(!is_spoken && failure.message.contains("batch"), "{}", failure.message);
                    assert!(failure.message.contains(version), "{}", failure.message);
                }
            }
            assert_eq!(client.count(MCP_COUNTER_MALFORMED), 0);
            client.ping().unwrap();
        }
    }

    redirect_of_the_stream_is_followed_within_its_origin {
        for status in [301, 302, 307, 308] {
            let legacy = SseServer::before(Config::handshake(Offer::default()), Shape {
                endpoint: Endpoint::Text("messages/?session_id={session}".into()),
                path: "/app/sse".into(), ..Shape::default()
            }, move |sse, request| match (request.method.as_str(), request.path()) {
                ("GET", "/sse") => {
                    vec![Action::Send(http::reply(status, &[("location", "/app/sse")], b""))]
                }
                _ => sse.handle(request),
            });
            let client = Client::new(&legacy.server.url("/sse"), Some("test-token")).unwrap();
            client.ping().unwrap_or_else(|failure| panic!("{status}: {}", failure.message));
            let posts = legacy.log().that(|request| request.method == "POST");
            assert!(posts.iter().all(|post| post.path() == "/app/messages/"), "{posts:?}");
            let requests = legacy.log().requests();
            assert!(requests.iter().all(|one| one.header("authorization").is_some()));
        }
    }

    redirect_of_the_stream_to_another_origin_is_refused {
        let other = SseServer::full();
        let target = other.url();
        let server = Server::start(move |_| {
            vec![Action::Send(http::reply(307, &[("location", &target)], b""))]
        });
        let client = Client::new(&server.url("/sse"), Some("test-token")).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_REDIRECT);
        assert_eq!((server.log().count(), other.server.log().connections()), (1, 0));
    }

    event_handler_may_make_calls {
        let legacy = SseServer::full();
        let client = Arc::new(legacy.client());
        let (inner, count) = (Arc::downgrade(&client), Arc::new(AtomicUsize::new(0)));
        let shared = count.clone();
        client.set_event_handler(move |event| if event.kind == MCP_EVENT_TOOLS_CHANGED {
            let tools = inner.upgrade().unwrap().list_tools().unwrap();
            shared.store(tools.tools().len(), Ordering::SeqCst);
        }).unwrap();
        client.ping().unwrap();
        legacy.sse.mcp.notify(TOOLS, json!({}));
        let start = Instant::now();
        while count.load(Ordering::SeqCst) == 0 {
            assert!(start.elapsed() < SOON);
            client.dispatch(20).unwrap();
        }
        client.take_event_handler().unwrap();
    }
}
