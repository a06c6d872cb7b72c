//! Token requests: answered at once, later, from another thread, twice, too late
//! or never.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{Cancel, Client, Request, SOON, SseServer, TokenRequest, tests};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server, await_true, http};

/// A server that accepts one token, at first "new".
struct Guarded {
    server: Server,
    accepted: Arc<Mutex<String>>,
}

fn guarded() -> Guarded {
    let accepted = Arc::new(Mutex::new("new".to_owned()));
    let (shared, mcp) = (accepted.clone(), Mcp::new(Config::default()));
    let server = Server::start(move |request| {
        let expected = format!("Bearer {}", shared.lock().unwrap());
        if request.header("authorization") == Some(&expected) {
            return mcp.handle(request);
        }
        let challenge = "Bearer realm=\"r\", scope=\"files:read\", error=\"invalid_token\"";
        vec![Action::Send(http::reply(401, &[("www-authenticate", challenge)], b""))]
    });
    Guarded { server, accepted }
}

fn client_of(served: &Guarded) -> Client {
    Client::of(&served.server.url("/mcp"))
}

/// The handler keeps the requests for the test.
fn kept(client: &Client) -> Receiver<TokenRequest> {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    client
        .set_token_requests(move |request| {
            let _ = sender.lock().unwrap().send(request);
            MCP_OK
        })
        .unwrap();
    receiver
}

fn next(requests: &Receiver<TokenRequest>) -> TokenRequest {
    requests.recv_timeout(SOON).unwrap()
}

/// Dispatches until the handler has a token request.
fn dispatched(client: &Client, requests: &Receiver<TokenRequest>) -> TokenRequest {
    let start = Instant::now();
    loop {
        // It does not wait for an answer, which comes only later.
        client.dispatch(20).unwrap();
        if let Ok(request) = requests.try_recv() {
            return request;
        }
        assert!(start.elapsed() < SOON, "no token request");
    }
}

fn started(client: &Client) -> Request {
    let request = client.request("ping", None).unwrap();
    request.start().unwrap();
    request
}

fn status(outcome: behaviour::Outcome<()>) -> i32 {
    outcome.map_or_else(|failure| failure.status, |()| MCP_OK)
}

tests! {
    call_waits_for_an_answer_from_another_thread {
        let served = guarded();
        let client = client_of(&served);
        let requests = kept(&client);
        let answering = thread::spawn(move || {
            let request = next(&requests);
            thread::sleep(Duration::from_millis(50));
            request.answer("new").unwrap();
            (request, requests)
        });
        client.ping().unwrap();
        client.ping().unwrap();
        let (request, requests) = answering.join().unwrap();
        assert!(!request.is_refused());
        assert!(requests.try_recv().is_err(), "the token is kept");
    }

    call_over_sse_waits_for_an_answer_from_another_thread {
        let served = SseServer::guarded("new");
        let client = served.client();
        client.set_token(None).unwrap();
        let requests = kept(&client);
        let answering = thread::spawn(move || {
            let request = next(&requests);
            thread::sleep(Duration::from_millis(50));
            request.answer("new").unwrap();
        });
        client.ping().unwrap();
        answering.join().unwrap();
    }

    started_request_waits_without_the_dispatching_thread {
        let served = guarded();
        let client = client_of(&served);
        let requests = kept(&client);
        let started = started(&client);
        let request = dispatched(&client, &requests);
        for _ in 0..3 {
            client.dispatch(10).unwrap();
            assert_eq!(started.status(), MCP_PENDING);
        }
        request.answer("new").unwrap();
        assert_eq!(started.wait(60_000), MCP_OK);
    }

    calls_that_need_a_token_at_the_same_time_wait_for_one_request {
        let served = guarded();
        let client = Arc::new(client_of(&served));
        let requests = kept(&client);
        let first = started(&client);
        dispatched(&client, &requests).answer("new").unwrap();
        assert_eq!(first.wait(60_000), MCP_OK);
        // Now every call is refused, and asks for another token.
        *served.accepted.lock().unwrap() = "newer".to_owned();
        let started: Vec<Request> = (0..8).map(|_| started(&client)).collect();
        let blocking = thread::spawn({
            let client = client.clone();
            move || client.ping()
        });
        let request = dispatched(&client, &requests);
        assert!(request.is_refused());
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            client.dispatch(20).unwrap();
        }
        request.answer("newer").unwrap();
        blocking.join().unwrap().unwrap();
        for one in &started {
            assert_eq!(one.wait(60_000), MCP_OK);
        }
        assert!(requests.try_recv().is_err(), "one token request");
    }

    token_request_is_answered_once {
        let served = guarded();
        let client = client_of(&served);
        let requests = kept(&client);
        let started = started(&client);
        let request = dispatched(&client, &requests);
        request.answer("new").unwrap();
        assert_eq!(status(request.answer("other")), MCP_E_STATE);
        assert_eq!(status(request.fail(Some("no"))), MCP_E_STATE);
        assert_eq!(started.wait(60_000), MCP_OK);
    }

    text_that_is_no_token_leaves_it_open {
        let served = guarded();
        let client = client_of(&served);
        let requests = kept(&client);
        let started = started(&client);
        let request = dispatched(&client, &requests);
        for text in ["", "Bearer new", "a b", "a\n", "\u{e9}"] {
            assert_eq!(status(request.answer(text)), MCP_E_INVALID_ARGUMENT, "{text:?}");
        }
        assert_eq!(status(request.answer(&"x".repeat(1_048_577))), MCP_E_TOO_LARGE);
        request.answer("new").unwrap();
        assert_eq!(started.wait(60_000), MCP_OK);
    }

    failed_token_request_fails_the_call_in_words {
        let served = guarded();
        let client = client_of(&served);
        client.set_token_requests(|request| {
            request.fail(Some("the person\nwent away")).unwrap();
            MCP_OK
        }).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("the person went away"), "{}", failure.message);
        client.set_token_requests(|request| status(request.fail(None))).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("it has no token"), "{}", failure.message);
        // A later call asks again.
        client.set_token_handler(|_| Some("new".into())).unwrap();
        client.ping().unwrap();
    }

    token_request_that_is_freed_without_an_answer_fails {
        let served = guarded();
        let client = client_of(&served);
        client.set_token_requests(|request| {
            drop(request);
            MCP_OK
        }).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("without an answer"), "{}", failure.message);
        // Later, from another thread.
        let requests = kept(&client);
        let started = started(&client);
        let request = dispatched(&client, &requests);
        thread::spawn(move || drop(request)).join().unwrap();
        assert_eq!(started.wait(60_000), MCP_E_UNAUTHORIZED);
    }

    status_of_the_handler_fails_a_request_that_is_open {
        let served = guarded();
        let client = client_of(&served);
        let open = Arc::new(Mutex::new(None));
        let keep = open.clone();
        client.set_token_requests(move |request| {
            *keep.lock().unwrap() = Some(request);
            77
        }).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("it returned 77"), "{}", failure.message);
        let request = open.lock().unwrap().take().unwrap();
        assert_eq!(status(request.answer("new")), MCP_E_STATE);
        // An answer counts, whatever the handler returns.
        client.set_token_requests(|request| {
            request.answer("new").unwrap();
            77
        }).unwrap();
        client.ping().unwrap();
    }

    wait_ends_with_the_timeout_of_the_call_and_a_late_answer_is_a_state_error {
        let served = guarded();
        let client = client_of(&served);
        // Long enough to ask for the token, also on a busy machine.
        client.set_timeout(1000);
        let requests = kept(&client);
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(failure.message.contains("token request"), "{}", failure.message);
        let late = next(&requests);
        assert_eq!(status(late.answer("new")), MCP_E_STATE);
        assert_eq!(status(late.fail(None)), MCP_E_STATE);
        // The next call has another token request.
        client.set_timeout(60_000);
        let started = started(&client);
        dispatched(&client, &requests).answer("new").unwrap();
        assert_eq!(started.wait(60_000), MCP_OK);
        drop(late);
    }

    cancel_and_close_end_the_wait {
        for closes in [false, true] {
            let served = guarded();
            let client = client_of(&served);
            let requests = kept(&client);
            let (cancel, started) = (Cancel::new(), client.request("ping", None).unwrap());
            started.set_cancel(&cancel);
            started.start().unwrap();
            let request = dispatched(&client, &requests);
            let expected = if closes {
                client.close();
                MCP_E_CLOSED
            } else {
                cancel.fire();
                MCP_E_CANCELLED
            };
            assert_eq!(started.wait(60_000), expected);
            assert!(await_true(SOON, || status(request.answer("new")) == MCP_E_STATE));
            drop(started);
            drop(client);
            assert_eq!(status(request.answer("new")), MCP_E_STATE, "the client is freed");
        }
    }

    close_ends_a_blocking_call_that_waits {
        let served = guarded();
        let client = Arc::new(client_of(&served));
        let requests = kept(&client);
        let calling = thread::spawn({
            let client = client.clone();
            move || client.ping()
        });
        let request = next(&requests);
        client.close();
        assert_eq!(calling.join().unwrap().unwrap_err().status, MCP_E_CLOSED);
        assert_eq!(status(request.answer("new")), MCP_E_STATE);
    }

    freed_request_gives_up_its_token_request {
        let served = guarded();
        let client = client_of(&served);
        let requests = kept(&client);
        let started = started(&client);
        let request = dispatched(&client, &requests);
        drop(started);
        assert!(await_true(SOON, || status(request.fail(Some(""))) == MCP_E_STATE));
    }

    challenge_of_the_refusal_is_readable {
        let served = guarded();
        let client = client_of(&served);
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        client.set_token_requests(move |request| {
            let is_first = count.fetch_add(1, Ordering::SeqCst) == 0;
            assert_eq!(request.is_refused(), !is_first);
            let scope = request.challenge("scope");
            assert_eq!(scope.as_deref(), (!is_first).then_some("files:read"));
            assert_eq!(request.challenge("realm").is_some(), !is_first);
            assert_eq!(request.challenge("resource_metadata"), None);
            status(request.answer(if is_first { "old" } else { "new" }))
        }).unwrap();
        client.ping().unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    refused_token_is_masked_in_the_challenge {
        let server = Server::start(|request| {
            let sent = request.header("authorization").unwrap_or_default();
            let challenge = format!("Bearer error_description=\"not {sent}\"");
            vec![Action::Send(http::reply(401, &[("www-authenticate", &challenge)], b""))]
        });
        let client = Client::of(&server.url("/mcp"));
        let told = Arc::new(Mutex::new(None));
        let keep = told.clone();
        client.set_token_requests(move |request| {
            *keep.lock().unwrap() = request.challenge("error_description");
            status(request.answer("secret-of-the-person"))
        }).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_UNAUTHORIZED);
        assert_eq!(told.lock().unwrap().as_deref(), Some("not Bearer [masked]"));
    }

    handler_that_blocks_holds_up_no_other_call_longer_than_its_timeout {
        let served = guarded();
        let client = Arc::new(client_of(&served));
        let (gate, opened) = channel::<()>();
        let (enter, entered) = channel();
        let opened = Mutex::new((enter, opened));
        client.set_token_requests(move |request| {
            let opened = opened.lock().unwrap();
            opened.0.send(()).unwrap();
            let _ = opened.1.recv();
            status(request.answer("new"))
        }).unwrap();
        let first = thread::spawn({
            let client = client.clone();
            move || client.ping()
        });
        entered.recv().unwrap();
        let second = client.request("ping", None).unwrap();
        second.set_timeout(100);
        assert_eq!(second.perform().unwrap_err().status, MCP_E_TIMEOUT);
        gate.send(()).unwrap();
        first.join().unwrap().unwrap();
        client.ping().unwrap();
    }
}
