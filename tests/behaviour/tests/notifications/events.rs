//! Notifications on the notification stream in both eras: delivery, the thread of
//! the handler, and a stream that ends, breaks or is refused.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, EventLog, HttpServer, SOON, is_fast, readable, tests};
use mcp_test_server::http::{self, Stream};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, await_true};
use serde_json::json;

const TOOLS: &str = "notifications/tools/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";
const CHANGES: i32 =
    MCP_EVENT_TOOLS_CHANGED | MCP_EVENT_PROMPTS_CHANGED | MCP_EVENT_RESOURCES_CHANGED;

fn eras(offer: Offer) -> [HttpServer; 2] {
    [HttpServer::new(Config::stateless(offer.clone())), HttpServer::new(Config::handshake(offer))]
}

fn listening(served: &HttpServer, kinds: i32) -> (Client, EventLog) {
    let client = served.client();
    let heard = EventLog::by(&client);
    client.listen(kinds).unwrap();
    assert!(served.mcp.await_listeners(1, SOON), "nobody listens");
    (client, heard)
}

tests! {
    change_notifications_are_delivered {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            for (method, kind) in [(TOOLS, MCP_EVENT_TOOLS_CHANGED),
                                   (PROMPTS, MCP_EVENT_PROMPTS_CHANGED),
                                   (RESOURCES, MCP_EVENT_RESOURCES_CHANGED)] {
                assert_eq!(served.mcp.notify(method, json!({})), 1);
                heard.awaits(&client, kind, 1);
                assert_eq!(heard.of(kind)[0].method.as_deref(), Some(method));
            }
            served.has_no_complaint();
        }
    }

    event_handler_runs_on_the_dispatching_or_calling_thread {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            served.mcp.notify(TOOLS, json!({}));
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!(heard.of(MCP_EVENT_TOOLS_CHANGED).len(), 0, "nobody called");
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            // Inside a call as well, while it waits.
            let pushed = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    served.awaits("tools/call", 1);
                    pushed.fetch_add(served.mcp.notify(TOOLS, json!({})), Ordering::SeqCst);
                });
                client.call("slow", json!({"steps": 5, "pause": 100})).unwrap();
            });
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 2);
            let me = std::thread::current().id();
            assert!(heard.0.lock().unwrap().iter().all(|(thread, _)| *thread == me));
        }
    }

    descriptor_is_readable_while_events_are_queued {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            while client.dispatch(0).is_ok() && readable(client.fd(), 50) {}
            served.mcp.notify(TOOLS, json!({}));
            assert!(readable(client.fd(), 60_000));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            client.dispatch(0).unwrap();
            assert!(!readable(client.fd(), 50), "nothing is left");
            assert_eq!(client.fd(), client.fd());
        }
    }

    dispatch_waits_for_its_timeout {
        let served = HttpServer::stateless();
        let client = served.client();
        let does_not_wait = || {
            let start = Instant::now();
            client.dispatch(0).unwrap();
            start.elapsed()
        };
        is_fast(Duration::from_millis(100), does_not_wait).unwrap();
        let start = Instant::now();
        client.dispatch(300).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(250));
        assert_eq!(served.log().count(), 0);
    }

    listen_without_a_notification_stream_is_an_error {
        for served in eras(Offer { listens: false, ..Offer::default() }) {
            let client = served.client();
            let failure = client.listen(CHANGES).unwrap_err();
            assert_eq!(failure.status, MCP_E_UNSUPPORTED, "{}", failure.message);
            client.call("echo", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    listen_to_nothing_closes_the_stream {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            client.listen(0).unwrap();
            assert!(served.mcp.await_listeners(0, SOON));
            client.dispatch(100).unwrap();
            assert!(served.mcp.await_listeners(0, SOON), "and it stays closed");
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            assert!(served.mcp.await_listeners(1, SOON));
            served.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            served.has_no_complaint();
        }
    }

    only_requested_notifications_are_delivered {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, MCP_EVENT_PROMPTS_CHANGED);
            served.mcp.notify_all(TOOLS, json!({}));
            served.mcp.notify_all(PROMPTS, json!({}));
            heard.awaits(&client, MCP_EVENT_PROMPTS_CHANGED, 1);
            if served.is_stateless() {
                assert_eq!(heard.of(MCP_EVENT_TOOLS_CHANGED).len(), 0);
            }
        }
    }

    notification_that_was_not_accepted_is_dropped {
        let grants = Some(vec!["toolsListChanged"]);
        let served = HttpServer::new(Config::stateless(Offer { grants, ..Offer::default() }));
        let (client, heard) = listening(&served, CHANGES);
        served.mcp.notify_all(PROMPTS, json!({}));
        served.mcp.notify_all(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        assert_eq!(heard.of(MCP_EVENT_PROMPTS_CHANGED).len(), 0);
    }

    ended_or_broken_stream_is_reopened {
        for event_ids in [false, true] {
            for served in eras(Offer { event_ids, retry: Some(50), ..Offer::default() }) {
                let (client, heard) = listening(&served, CHANGES);
                heard.awaits(&client, MCP_EVENT_LISTENING, 1);
                for (round, end) in [Mcp::close_streams, Mcp::end_streams, Mcp::cancel_streams]
                    .into_iter().enumerate() {
                    end(&served.mcp);
                    heard.awaits(&client, MCP_EVENT_LISTENING, round + 2);
                    assert!(served.mcp.await_listeners(1, SOON));
                    served.mcp.notify(TOOLS, json!({}));
                    heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, round + 1);
                }
                served.has_no_complaint();
            }
        }
    }

    missed_notifications_arrive_after_a_resumption {
        // The stream is not opened again before the test has sent what is missed.
        let (is_sent, sent) = std::sync::mpsc::channel::<()>();
        let sent = Mutex::new(sent);
        let gets = AtomicUsize::new(0);
        let config =
            Config::handshake(Offer { event_ids: true, retry: Some(300), ..Offer::default() });
        let served = HttpServer::before(config, move |_, mcp, request| {
            if request.method == "GET" && gets.fetch_add(1, Ordering::SeqCst) == 1 {
                sent.lock().unwrap().recv().unwrap();
            }
            mcp.handle(request)
        });
        let (client, heard) = listening(&served, CHANGES);
        served.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        let start = Instant::now();
        served.mcp.close_streams();
        assert_eq!(served.mcp.notify(PROMPTS, json!({})), 0, "nobody hears it now");
        is_sent.send(()).unwrap();
        heard.awaits(&client, MCP_EVENT_PROMPTS_CHANGED, 1);
        assert!(start.elapsed() >= Duration::from_millis(280), "{:?}", start.elapsed());
        assert_eq!(heard.of(MCP_EVENT_TOOLS_CHANGED).len(), 1, "and nothing twice");
        let gets = served.log().that(|request| request.method == "GET");
        assert_eq!(gets[0].header("last-event-id"), None);
        assert_eq!(gets[1].header("last-event-id"), Some("get-session-1/1"));
        served.has_no_complaint();
    }

    reconnection_pauses_grow {
        let is_down = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let flag = is_down.clone();
        let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
            if request.method == "GET" && flag.load(Ordering::SeqCst) {
                return vec![Action::Send(http::reply(503, &[], b"")), Action::Close];
            }
            mcp.handle(request)
        });
        let (client, heard) = listening(&served, CHANGES);
        is_down.store(true, Ordering::SeqCst);
        let before = served.log().that(|request| request.method == "GET").len();
        served.mcp.close_streams();
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(4) {
            client.dispatch(100).unwrap();
        }
        let count = served.log().that(|request| request.method == "GET").len() - before;
        assert!((1..=6).contains(&count), "{count} attempts in four seconds");
        is_down.store(false, Ordering::SeqCst);
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
    }

    refused_second_stream_leaves_the_client_usable {
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            if request.method == "GET" {
                return vec![Action::Send(http::reply(409, &[], b""))];
            }
            mcp.handle(request)
        });
        let client = served.client();
        client.listen(CHANGES).unwrap_err();
        client.call("echo", json!({})).unwrap();
        assert!(served.log().that(|request| request.method == "GET").len() <= 2);
    }

    one_stream_serves_all_interests {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, MCP_EVENT_TOOLS_CHANGED);
            client.listen(CHANGES).unwrap();
            client.subscribe("test://text").unwrap();
            client.subscribe("test://blob").unwrap();
            assert!(served.mcp.await_listeners(1, SOON), "{}", served.mcp.listeners());
            served.mcp.notify(PROMPTS, json!({}));
            heard.awaits(&client, MCP_EVENT_PROMPTS_CHANGED, 1);
            served.mcp.notify(UPDATED, json!({"uri": "test://blob"}));
            heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
            assert_eq!(heard.of(MCP_EVENT_RESOURCE_UPDATED)[0].uri.as_deref(), Some("test://blob"));
            served.has_no_complaint();
        }
    }

    subscription_is_delivered_until_it_ends {
        for served in eras(Offer::default()) {
            let client = served.client();
            let heard = EventLog::by(&client);
            client.subscribe("test://text").unwrap();
            assert!(served.mcp.await_listeners(1, SOON), "starts the listener");
            served.mcp.notify(UPDATED, json!({"uri": "test://text"}));
            heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
            client.unsubscribe("test://text").unwrap();
            if served.is_stateless() {
                assert!(served.mcp.await_listeners(0, SOON));
            } else {
                assert_eq!(served.count("resources/unsubscribe"), 1);
                assert!(served.mcp.session().unwrap().subscriptions.is_empty());
            }
            served.has_no_complaint();
        }
    }

    lost_session_keeps_subscriptions {
        let served = HttpServer::handshake();
        let (client, heard) = listening(&served, CHANGES);
        client.subscribe("test://text").unwrap();
        client.set_log_level(MCP_LOG_WARNING).unwrap();
        served.mcp.forget_sessions();
        client.ping().unwrap();
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        assert!(served.mcp.await_listeners(1, SOON));
        let is_back = || {
            let session = served.mcp.session().unwrap();
            session.subscriptions.contains("test://text")
                && session.level.as_deref() == Some("warning")
        };
        assert!(await_true(SOON, is_back), "{:?}", served.mcp.session());
        served.mcp.notify(UPDATED, json!({"uri": "test://text"}));
        heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
        served.has_no_complaint();
    }

    session_lost_between_calls_is_replaced {
        let served = HttpServer::handshake();
        let (client, heard) = listening(&served, CHANGES);
        heard.awaits(&client, MCP_EVENT_LISTENING, 1);
        served.mcp.forget_sessions();
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        served.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        assert_eq!(served.count("initialize"), 2);
    }

    full_event_queue_drops_the_oldest {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            client.dispatch(50).unwrap();
            for _ in 0..3000 {
                served.mcp.notify(TOOLS, json!({}));
            }
            served.mcp.notify(PROMPTS, json!({}));
            std::thread::sleep(Duration::from_millis(500));
            heard.awaits(&client, MCP_EVENT_PROMPTS_CHANGED, 1);
            assert!(heard.of(MCP_EVENT_TOOLS_CHANGED).len() <= 3000);
            client.call("echo", json!({})).unwrap();
            served.has_no_complaint();
        }
    }

    malformed_input_on_the_stream_is_skipped {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            for rubbish in ["data: {\n\n", "data: 7\n\n", "data: []\n\n", ": comment\n\n",
                            "event: other\ndata: {}\n\n", "data: {\"jsonrpc\":\"2.0\"}\n\n",
                            "data: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n",
                            "data: {\"jsonrpc\":\"2.0\",\"method\":7}\n\n", "\n\n\n", "id\nretry\n\n"] {
                served.mcp.send_raw(rubbish.as_bytes());
            }
            served.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!(served.mcp.listeners(), 1);
            served.has_no_complaint();
        }
    }

    unknown_notification_is_delivered_unchanged {
        let served = HttpServer::handshake();
        let (client, heard) = listening(&served, CHANGES | MCP_EVENT_OTHER);
        served.mcp.notify("notifications/x/y", json!({"a": [1, 2.50]}));
        heard.awaits(&client, MCP_EVENT_OTHER, 1);
        let event = heard.of(MCP_EVENT_OTHER)[0].clone();
        assert_eq!(event.method.as_deref(), Some("notifications/x/y"));
        assert_eq!(event.params, json!({"a": [1, 2.5]}));
        assert_eq!((event.uri, event.log_level, event.data), (None, -1, None));
        served.mcp.notify("notifications/elicitation/complete", json!({"elicitationId": "e"}));
        heard.awaits(&client, MCP_EVENT_ELICITATION_COMPLETE, 1);
    }

    progress_on_the_notification_stream_reaches_its_call {
        let served = HttpServer::handshake();
        let (client, heard) = listening(&served, CHANGES | MCP_EVENT_OTHER);
        let told = Arc::new(Mutex::new(Vec::new()));
        let shared = told.clone();
        let arguments = json!({"steps": 3, "pause": 1, "on": "get", "after_reports": true});
        let request = client.tool_request("slow", arguments).unwrap();
        // The response comes on another connection, after the reports were heard.
        let mcp = served.mcp.clone();
        request.set_progress(move |one| {
            shared.lock().unwrap().push(one.progress);
            mcp.gate(&format!("report {}", one.progress)).open();
        }).unwrap();
        request.perform().unwrap();
        assert_eq!(*told.lock().unwrap(), [1.0, 2.0, 3.0]);
        assert_eq!(heard.of(MCP_EVENT_OTHER).len(), 0);
        served.has_no_complaint();
    }

    change_notification_clears_the_cache {
        let offer = Offer { cache: Some((60_000, "public")), ..Offer::default() };
        let served = HttpServer::new(Config::stateless(offer));
        let (client, heard) = listening(&served, CHANGES);
        client.subscribe("test://counter").unwrap();
        for _ in 0..2 {
            client.list_tools().unwrap();
            client.read("test://counter").unwrap();
            client.read("test://text").unwrap();
        }
        assert_eq!((served.count("tools/list"), served.count("resources/read")), (1, 2));
        served.mcp.notify(TOOLS, json!({}));
        served.mcp.notify(UPDATED, json!({"uri": "test://counter"}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
        client.list_tools().unwrap();
        client.read("test://counter").unwrap();
        client.read("test://text").unwrap();
        assert_eq!((served.count("tools/list"), served.count("resources/read")), (2, 3));
    }

    event_handler_may_make_calls {
        for served in eras(Offer::default()) {
            let client = Arc::new(served.client());
            let inner = Arc::downgrade(&client);
            let count = Arc::new(AtomicUsize::new(0));
            let shared = count.clone();
            client.set_event_handler(move |event| {
                if event.kind == MCP_EVENT_TOOLS_CHANGED {
                    let tools = inner.upgrade().unwrap().list_tools().unwrap();
                    shared.store(tools.tools().len(), Ordering::SeqCst);
                }
            }).unwrap();
            client.listen(CHANGES).unwrap();
            assert!(served.mcp.await_listeners(1, SOON));
            served.mcp.notify(TOOLS, json!({}));
            let start = Instant::now();
            while count.load(Ordering::SeqCst) == 0 {
                assert!(start.elapsed() < SOON);
                client.dispatch(20).unwrap();
            }
            client.take_event_handler().unwrap();
        }
    }

    missing_acknowledgement_is_a_timeout {
        for silence in [Action::Hang, Action::Close] {
            let is_closed = matches!(silence, Action::Close);
            let served = HttpServer::before(Config::stateless(Offer::default()), move |_, mcp, request| {
                if request.rpc_method() != "subscriptions/listen" {
                    return mcp.handle(request);
                }
                let early = json!({"jsonrpc": "2.0", "method": TOOLS, "params": {"_meta":
                    {"io.modelcontextprotocol/subscriptionId": request.id()}}});
                Stream::new().message(&early).then(silence.clone())
            });
            let client = served.client();
            let heard = EventLog::by(&client);
            client.set_timeout(300);
            let failure = client.listen(CHANGES).unwrap_err();
            let wanted: &[i32] = if is_closed { &[MCP_E_IO, MCP_E_TIMEOUT] } else { &[MCP_E_TIMEOUT] };
            assert!(wanted.contains(&failure.status), "{}", failure.message);
            client.dispatch(50).unwrap();
            assert_eq!(heard.of(MCP_EVENT_TOOLS_CHANGED).len(), 0, "before the acknowledgement");
            client.set_timeout(60_000);
            client.call("echo", json!({})).unwrap();
        }
    }

    close_ends_the_stream_and_dispatch {
        for served in eras(Offer::default()) {
            let (client, _) = listening(&served, CHANGES);
            let client = Arc::new(client);
            let other = client.clone();
            let thread = std::thread::spawn(move || loop {
                if let Err(failure) = other.dispatch(10_000) {
                    return failure.status;
                }
            });
            std::thread::sleep(Duration::from_millis(100));
            client.close();
            assert_eq!(thread.join().unwrap(), MCP_E_CLOSED);
            assert!(served.mcp.await_listeners(0, SOON));
            assert_eq!(client.listen(CHANGES).unwrap_err().status, MCP_E_CLOSED);
        }
    }

    freed_client_closes_its_stream {
        for served in eras(Offer::default()) {
            let (client, heard) = listening(&served, CHANGES);
            served.mcp.notify(TOOLS, json!({}));
            drop(client);
            assert!(served.mcp.await_listeners(0, SOON));
            assert_eq!(Arc::strong_count(&heard.0), 1, "the handler's data is released");
        }
    }
}
