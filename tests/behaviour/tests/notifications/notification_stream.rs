//! Failures of the notification stream: what closes it, how often and how fast it
//! is reopened, and when it is given up.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Client, EventLog, HttpServer, SOON, is_fast, tests};
use mcp_test_server::Action;
use mcp_test_server::http::{self, Request, Stream};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::offer::Offer;
use serde_json::json;

const TOOLS: &str = "notifications/tools/list_changed";
const UPDATED: &str = "notifications/resources/updated";

fn configs(offer: Offer) -> [Config; 2] {
    [Config::stateless(offer.clone()), Config::handshake(offer)]
}

fn is_opening(request: &Request) -> bool {
    request.method == "GET" || request.rpc_method() == "subscriptions/listen"
}

fn openings(served: &HttpServer) -> usize {
    served.log().that(is_opening).len()
}

/// A server that treats the openings of streams, by their number from 1 on,
/// in its own way.
fn opens(
    config: Config,
    open: impl Fn(usize, &Mcp, &Request) -> Vec<Action> + Send + Sync + 'static,
) -> HttpServer {
    let count = AtomicUsize::new(0);
    HttpServer::before(config, move |_, mcp, request| {
        if is_opening(request) {
            return open(count.fetch_add(1, Ordering::SeqCst) + 1, mcp, request);
        }
        mcp.handle(request)
    })
}

fn status(code: u16, headers: &[(&str, &str)]) -> Vec<Action> {
    vec![Action::Send(http::reply(code, headers, b""))]
}

fn listening(client: &Client) -> EventLog {
    let heard = EventLog::by(client);
    client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
    heard.awaits(client, MCP_EVENT_LISTENING, 1);
    heard
}

tests! {
    event_over_the_limit_reopens_the_stream {
        for config in configs(Offer::default()) {
            let served = HttpServer::new(config);
            let client = served.client();
            client.set_max_message_size(5_000);
            let heard = listening(&client);
            served.mcp.notify_all(TOOLS, json!({"x": "y".repeat(10_000)}));
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            served.mcp.notify_all(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!((openings(&served), heard.of(MCP_EVENT_LISTENING_ENDED).len()), (2, 0));
            assert_eq!(client.count(MCP_COUNTER_RESUMPTIONS), 1);
            served.has_no_complaint();
        }
    }

    hung_response_does_not_delay_the_stream {
        let served = HttpServer::before(Config::handshake(Offer::default()), |_, mcp, request| {
            let message = request.json();
            if message["method"].is_null() && message["id"].as_str().is_some() {
                return vec![Action::Hang];
            }
            mcp.handle(request)
        });
        let client = served.client();
        let heard = listening(&client);
        // The first response hangs for longer than the test may take, the second
        // until its timeout.
        client.set_timeout(1_000_000);
        assert_eq!(served.mcp.ping(), 1);
        served.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        client.set_timeout(500);
        assert_eq!(served.mcp.ping(), 1);
        heard.listens(&client, Duration::from_millis(1000));
        served.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 2);
        assert_eq!(openings(&served), 1);
    }

    token_is_renewed_when_the_stream_is_reopened {
        for config in configs(Offer::default()) {
            let wanted = Arc::new(Mutex::new("A".to_owned()));
            let shared = wanted.clone();
            let served = HttpServer::before(config, move |_, mcp, request| {
                let wanted = format!("Bearer {}", shared.lock().unwrap());
                if request.header("authorization") != Some(&wanted) {
                    return status(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")]);
                }
                mcp.handle(request)
            });
            let client = served.client();
            let (asked, current) = (Arc::new(AtomicUsize::new(0)), wanted.clone());
            let count = asked.clone();
            client.set_token_handler(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                Some(current.lock().unwrap().clone())
            }).unwrap();
            let heard = listening(&client);
            *wanted.lock().unwrap() = "B".into();
            served.mcp.close_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            served.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!((asked.load(Ordering::SeqCst), openings(&served)), (2, 3));
        }
    }

    token_is_renewed_when_the_stream_is_first_opened {
        for config in configs(Offer::default()) {
            let listens = || {
                let served = opens(config.clone(), |_, mcp, request| {
                    match request.header("authorization") {
                        Some("Bearer B") => mcp.handle(request),
                        _ => status(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")]),
                    }
                });
                let client = served.client();
                client.set_token_handler(|is_refused| {
                    Some(if is_refused { "B" } else { "A" }.to_owned())
                }).unwrap();
                client.ping().unwrap();
                let start = Instant::now();
                client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
                let took = start.elapsed();
                assert!(served.mcp.await_listeners(1, SOON));
                assert_eq!(openings(&served), 2);
                took
            };
            is_fast(Duration::from_secs(1), listens).unwrap();
        }
    }

    call_serves_the_task_that_connects_for_the_stream {
        // The task of the stream has lost the session, and needs a token to make a
        // new one. The handler runs on a thread of the application, which waits to
        // connect as well.
        let wanted = Arc::new(Mutex::new("A".to_owned()));
        let shared = wanted.clone();
        let served = HttpServer::before(Config::handshake(Offer::default()), move |_, mcp, request| {
            let wanted = format!("Bearer {}", shared.lock().unwrap());
            if request.rpc_method() == "initialize"
                && request.header("authorization") != Some(&wanted)
            {
                return status(401, &[("www-authenticate", "Bearer error=\"invalid_token\"")]);
            }
            mcp.handle(request)
        });
        let client = served.client();
        let current = wanted.clone();
        client.set_token_handler(move |_| Some(current.lock().unwrap().clone())).unwrap();
        let _heard = listening(&client);
        let initialized = served.count("initialize");
        *wanted.lock().unwrap() = "B".into();
        served.mcp.forget_sessions();
        served.mcp.close_streams();
        served.awaits("initialize", initialized + 1);
        // A call that waited for the task would not end.
        client.set_timeout(1_000_000);
        client.call("echo", json!({})).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
    }

    finally_refused_token_ends_the_stream_with_an_event {
        for config in configs(Offer::default()) {
            let is_refused = Arc::new(AtomicBool::new(false));
            let flag = is_refused.clone();
            let served = opens(config, move |_, mcp, request| {
                if flag.load(Ordering::SeqCst) { status(401, &[]) } else { mcp.handle(request) }
            });
            let client = Client::new(&served.server.url("/mcp"), Some("s3cr3t")).unwrap();
            let heard = listening(&client);
            is_refused.store(true, Ordering::SeqCst);
            served.mcp.close_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING_ENDED, 1);
            let silent = &heard.of(MCP_EVENT_LISTENING_ENDED)[0];
            let message = silent.params["message"].as_str().unwrap();
            assert!(message.contains("401") && !message.contains("s3cr3t"), "{message}");
            let count = openings(&served);
            heard.listens(&client, Duration::from_millis(1500));
            assert_eq!((openings(&served), heard.of(MCP_EVENT_LISTENING_ENDED).len()), (count, 1));
            // The program may try again.
            is_refused.store(false, Ordering::SeqCst);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            served.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        }
    }

    stream_that_the_server_withdraws_ends_with_an_event {
        for (config, code) in configs(Offer::default()).into_iter().zip([404, 405]) {
            let served = opens(config, move |number, mcp, request| match number {
                1 => mcp.handle(request),
                _ if code == 405 => status(405, &[]),
                _ => vec![Action::Send(http::json(404, &json!({"jsonrpc": "2.0",
                    "id": request.id(), "error": {"code": -32601, "message": "no"}})))],
            });
            let client = served.client();
            let heard = listening(&client);
            served.mcp.close_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING_ENDED, 1);
            assert_eq!(openings(&served), 2);
            client.call("echo", json!({})).unwrap();
        }
    }

    temporary_errors_are_retried {
        for code in [400, 404, 409, 429, 500, 502] {
            let served = opens(Config::handshake(Offer::default()), move |number, mcp, request| {
                // 404 is the loss of the session, once.
                if number == 2 { status(code, &[]) } else { mcp.handle(request) }
            });
            let client = served.client();
            let heard = listening(&client);
            served.mcp.close_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            served.mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!((openings(&served), heard.of(MCP_EVENT_LISTENING_ENDED).len()), (3, 0), "{code}");
            assert_eq!(served.count("initialize"), if code == 404 { 2 } else { 1 });
        }
    }

    retry_after_is_respected {
        for config in configs(Offer::default()) {
            let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
            let seen = times.clone();
            let served = opens(config, move |number, mcp, request| {
                seen.lock().unwrap().push(Instant::now());
                match number {
                    2 => status(503, &[("retry-after", "3")]),
                    _ => mcp.handle(request),
                }
            });
            let client = served.client();
            let heard = listening(&client);
            served.mcp.close_streams();
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            let times = times.lock().unwrap();
            assert_eq!(times.len(), 3);
            let took = times[2] - times[1];
            assert!(took >= Duration::from_millis(2900), "{took:?}");
        }
    }

    retry_of_zero_is_rate_limited {
        for has_events in [false, true] {
            let served = opens(Config::handshake(Offer::default()), move |_, _, _| {
                let event = if has_events {
                    let note = json!({"jsonrpc": "2.0", "method": TOOLS});
                    http::event_with(None, Some(0), &note.to_string())
                } else {
                    http::chunk(b"retry: 0\n\n")
                };
                Stream::new().send(event).cut()
            });
            let client = served.client();
            let heard = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            let start = Instant::now();
            heard.listens(&client, Duration::from_secs(3));
            let count = openings(&served);
            // In three seconds. On a busy machine there are more of them.
            let most = if has_events { 40 } else { 20 };
            let most = most * (start.elapsed().as_millis() as usize / 3000 + 1);
            assert!((2..=most).contains(&count), "{count} openings in {:?}", start.elapsed());
        }
    }

    huge_retry_is_limited_and_delays_no_call {
        let served = opens(Config::handshake(Offer::default()), |number, mcp, request| {
            if number == 1 {
                return Stream::new().send(http::chunk(b"retry: 4000000000\n\n")).cut();
            }
            mcp.handle(request)
        });
        let client = served.client();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(openings(&served), 1, "as long as the server wants");
        client.call("echo", json!({})).unwrap();
        // The close does not wait for the next opening.
        client.set_close_timeout(1_000_000).unwrap();
        client.close();
    }

    refused_interest_keeps_the_others {
        let grants = Some(vec!["resourceSubscriptions"]);
        let served = HttpServer::new(Config::stateless(Offer { grants, ..Offer::default() }));
        let client = served.client();
        let heard = EventLog::by(&client);
        let failure = client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap_err();
        assert_eq!(failure.status, MCP_E_UNSUPPORTED, "{}", failure.message);
        assert!(served.mcp.await_listeners(0, SOON), "what is refused does not stand");
        client.subscribe("test://text").unwrap();
        for round in 1..=2 {
            assert!(served.mcp.await_listeners(1, SOON), "{}", served.mcp.listeners());
            served.mcp.notify(UPDATED, json!({"uri": "test://text"}));
            heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, round);
            assert_eq!(client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap_err().status,
                MCP_E_UNSUPPORTED);
        }
        served.mcp.close_streams();
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
        served.mcp.notify(UPDATED, json!({"uri": "test://text"}));
        heard.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 3);
        served.has_no_complaint();
    }

    refused_subscription_keeps_the_stream {
        let grants = Some(vec!["toolsListChanged"]);
        let served = HttpServer::new(Config::stateless(Offer { grants, ..Offer::default() }));
        let client = served.client();
        let heard = listening(&client);
        assert_eq!(client.subscribe("test://text").unwrap_err().status, MCP_E_UNSUPPORTED);
        assert!(served.mcp.await_listeners(1, SOON), "{}", served.mcp.listeners());
        served.mcp.notify(TOOLS, json!({}));
        heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        served.mcp.close_streams();
        heard.awaits(&client, MCP_EVENT_LISTENING, 2);
    }

    listen_in_a_lost_session_begins_a_new_session {
        let served = HttpServer::handshake();
        let client = served.client();
        client.ping().unwrap();
        served.mcp.forget_sessions();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        assert!(served.mcp.await_listeners(1, SOON));
        assert_eq!((served.count("initialize"), openings(&served)), (2, 2));
        served.mcp.forget_sessions();
        client.subscribe("test://text").unwrap();
        assert!(served.mcp.session().unwrap().subscriptions.contains("test://text"));
        served.has_no_complaint();
    }

    stream_is_reopened_when_the_server_is_up_again {
        for config in configs(Offer::default()) {
            let mcp = Arc::new(Mcp::new(config.clone()));
            let shared = mcp.clone();
            let port = mcp_test_server::HeldPort::new().unwrap();
            let handler: Arc<mcp_test_server::Handler> =
                Arc::new(move |request: &Request| shared.handle(request));
            let server = mcp_test_server::Server::start_on(port.number(), None, handler).unwrap();
            let client = Client::of(&server.url("/mcp"));
            let heard = listening(&client);
            drop(server);
            heard.listens(&client, Duration::from_millis(1500));
            let mcp = Arc::new(Mcp::new(config));
            let shared = mcp.clone();
            let handler: Arc<mcp_test_server::Handler> =
                Arc::new(move |request: &Request| shared.handle(request));
            let _server = mcp_test_server::Server::start_on(port.number(), None, handler).unwrap();
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            mcp.notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!(heard.of(MCP_EVENT_LISTENING_ENDED).len(), 0);
            assert_eq!(mcp.violations(), [""; 0]);
        }
    }

    changed_revision_is_followed_by_the_stream {
        let eras = configs(Offer::default());
        for (before, after) in [(0, 1), (1, 0)] {
            let now = Arc::new(AtomicU16::new(before));
            let flag = now.clone();
            let both: Vec<Arc<Mcp>> =
                eras.iter().map(|config| Arc::new(Mcp::new(config.clone()))).collect();
            let shared = both.clone();
            let server = mcp_test_server::Server::start(move |request| {
                shared[usize::from(flag.load(Ordering::SeqCst))].handle(request)
            });
            let client = Client::of(&server.url("/mcp"));
            let heard = listening(&client);
            now.store(after, Ordering::SeqCst);
            both[usize::from(before)].forget_sessions();
            heard.awaits(&client, MCP_EVENT_LISTENING, 2);
            both[usize::from(after)].notify(TOOLS, json!({}));
            heard.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            client.call("echo", json!({})).unwrap();
            assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 1);
        }
    }

    open_stream_answers_with_the_new_roots {
        let served = HttpServer::handshake();
        let client = served.client();
        for name in ["first", "second"] {
            let uri = format!("file:///{name}");
            client.set_roots(Some(json!([{"uri": uri}]))).unwrap();
            let rounds = json!([{"where": {"method": "roots/list"}}]);
            let told = client.call("ask", json!({"rounds": rounds, "on": "get"})).unwrap().told();
            assert_eq!(told[0]["where"]["roots"][0]["uri"], uri);
        }
        served.has_no_complaint();
    }
}
