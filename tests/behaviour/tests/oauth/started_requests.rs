//! Sign-in of started requests, and the end of every wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use behaviour::auth::{Auth, Failed, Store};
use behaviour::authority::jws::{now, unsigned};
use behaviour::authority::{Browser, Scene, Step};
use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, SOON, tests};
use mcp_test_server::Action;
use serde_json::json;

use crate::memory::Memory;
use crate::waiting_call;

/// A store whose callbacks run on one thread.
struct Counting {
    memory: Memory,
    calls: Arc<AtomicUsize>,
    thread: ThreadId,
}

impl Counting {
    fn enter(&self) -> &Memory {
        assert_eq!(std::thread::current().id(), self.thread);
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.memory
    }
}

impl Store for Counting {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, Failed> {
        self.enter().load(key)
    }

    fn save(&self, key: &str, data: &[u8]) -> Result<(), Failed> {
        self.enter().save(key, data)
    }

    fn forget(&self, key: &str) -> Result<(), Failed> {
        self.enter().forget(key)
    }
}

tests! {
    sign_in_runs_by_dispatching {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let client = scene.client(&auth);
        let request = client.tool_request("echo", json!({"a": 1})).unwrap();
        let start = Instant::now();
        request.start().unwrap();
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        // No code of the program runs until it dispatches.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(browser.count(), 0);
        assert_eq!(client.dispatch_until_done(&request), 0);
        assert_eq!(request.take_result().unwrap().told(), json!({"a": 1}));
        assert_eq!(browser.threads(), [std::thread::current().id()]);
        scene.authority.has_no_complaint();
    }

    person_signs_in_and_out_by_dispatching {
        for stores in [false, true] {
            let scene = Scene::new();
            let (auth, browser) = scene.person();
            let me = std::thread::current().id();
            let calls = Arc::new(AtomicUsize::new(0));
            if stores {
                auth.set_store(Counting { memory: Memory::default(), calls: calls.clone(), thread: me })
                    .unwrap();
            }
            let client = scene.client(&auth);
            let sign_in = client.sign_in_request().unwrap();
            let start = Instant::now();
            sign_in.start().unwrap();
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!((browser.count(), calls.load(Ordering::SeqCst)), (0, 0), "no dispatch");
            assert_eq!(client.dispatch_until_done(&sign_in), 0);
            sign_in.take_no_result().unwrap();
            assert_eq!(browser.threads(), [me]);
            client.call("echo", json!({})).unwrap();
            // The token is accepted: the person is not asked.
            sign_in.start().unwrap();
            assert_eq!(client.dispatch_until_done(&sign_in), 0);
            assert_eq!(browser.count(), 1);
            let sign_out = client.sign_out_request().unwrap();
            sign_out.start().unwrap();
            assert_eq!(client.dispatch_until_done(&sign_out), 0);
            sign_out.take_no_result().unwrap();
            assert!(scene.authority.count(Step::Revoke) > 0);
            sign_out.start().unwrap();
            assert_eq!(client.dispatch_until_done(&sign_out), MCP_E_NOT_FOUND);
            assert_eq!(calls.load(Ordering::SeqCst) > 0, stores);
            sign_in.perform_without_result().unwrap();
            assert_eq!(browser.count(), 2);
            scene.authority.has_no_complaint();
        }
    }

    started_sign_in_ends_by_its_limits_and_by_a_close {
        for end in ["cancel", "mcp_request_cancel", "sign-in timeout", "deadline", "close", "free"] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::idle(&auth);
            if end == "sign-in timeout" {
                auth.set_sign_in_timeout(1500).unwrap();
            }
            let client = scene.client(&auth);
            let request = client.sign_in_request().unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            if end == "deadline" {
                request.set_timeout(2000);
                request.set_deadline(2000).unwrap();
            }
            request.start().unwrap();
            while browser.count() == 0 && request.status() == MCP_PENDING {
                client.dispatch(20).unwrap();
            }
            let start = Instant::now();
            let expected = match end {
                "cancel" => {
                    cancel.fire();
                    MCP_E_CANCELLED
                }
                "mcp_request_cancel" => {
                    request.cancel().unwrap();
                    MCP_E_CANCELLED
                }
                "close" => {
                    let close = client.close_request().unwrap();
                    close.start().unwrap();
                    assert_eq!(close.wait(30_000), 0);
                    MCP_E_CLOSED
                }
                "free" => {
                    drop(request);
                    continue;
                }
                _ => MCP_E_TIMEOUT,
            };
            assert_eq!(request.wait(30_000), expected, "{end}");
            assert!(start.elapsed() < AT_ONCE, "{end}: {:?}", start.elapsed());
            let failure = scene.failure(request.take_no_result());
            let is_named = failure.message.starts_with("sign in: ");
            assert!(is_named || end == "close", "{}", failure.message);
        }
    }

    sign_in_without_an_authorization_is_unsupported {
        let client = behaviour::Client::of("http://127.0.0.1:9/");
        for request in [client.sign_in_request(), client.sign_out_request()] {
            let request = request.unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), MCP_E_UNSUPPORTED);
            assert_eq!(request.perform_without_result().unwrap_err().status, MCP_E_UNSUPPORTED);
        }
    }

    many_started_requests_share_one_sign_in {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let client = scene.client(&auth);
        let requests: Vec<_> =
            (0..20).map(|_| client.tool_request("echo", json!({})).unwrap()).collect();
        for request in &requests {
            request.start().unwrap();
        }
        for request in &requests {
            assert_eq!(client.dispatch_until_done(request), 0);
        }
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 1));
        scene.authority.expire();
        for request in &requests {
            request.start().unwrap();
        }
        for request in &requests {
            assert_eq!(client.dispatch_until_done(request), 0);
        }
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
        scene.authority.has_no_complaint();
    }

    response_may_be_pasted_inside_dispatch {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::pastes(&auth, str::to_owned);
        let client = scene.client(&auth);
        let request = client.tool_request("echo", json!({})).unwrap();
        request.start().unwrap();
        assert_eq!(client.dispatch_until_done(&request), 0);
        assert_eq!(browser.threads(), [std::thread::current().id()]);
    }

    assertion_handler_runs_inside_dispatch {
        let scene = Scene::new();
        let token = unsigned(&json!({"sub": "workload-of-the-tests", "exp": now() + 300}));
        scene.authority.accept(&token);
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        let me = std::thread::current().id();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        auth.set_assertion_handler(move |_| {
            assert_eq!(std::thread::current().id(), me);
            count.fetch_add(1, Ordering::SeqCst);
            Some(token.clone())
        }).unwrap();
        let client = scene.client(&auth);
        let request = client.tool_request("echo", json!({})).unwrap();
        request.start().unwrap();
        assert_eq!(client.dispatch_until_done(&request), 0);
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    timeout_of_a_call_is_paused_for_the_person {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        Browser::slow(&auth, Duration::from_millis(2500));
        let client = scene.client(&auth);
        client.set_timeout(2200);
        client.ping().unwrap();
    }

    abandoned_sign_in_is_a_timeout {
        for is_started in [false, true] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::idle(&auth);
            auth.set_sign_in_timeout(1000).unwrap();
            let client = scene.client(&auth);
            let start = Instant::now();
            if is_started {
                let request = client.tool_request("echo", json!({})).unwrap();
                request.start().unwrap();
                assert_eq!(client.dispatch_until_done(&request), MCP_E_TIMEOUT);
            } else {
                let failure = scene.failure(client.ping());
                assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
            }
            assert!(start.elapsed() >= Duration::from_millis(1000));
            assert!(start.elapsed() < AT_ONCE);
            assert!(!browser.is_heard(), "nobody listens");
        }
    }

    cancel_ends_the_wait_for_a_person {
        for is_started in [false, true] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::idle(&auth);
            let client = scene.client(&auth);
            let (request, cancel) = (client.request("ping", None).unwrap(), Cancel::new());
            request.set_cancel(&cancel);
            if is_started {
                request.start().unwrap();
                while browser.count() == 0 {
                    client.dispatch(20).unwrap();
                }
                let fired = Instant::now();
                cancel.fire();
                assert_eq!(client.dispatch_until_done(&request), MCP_E_CANCELLED);
                assert!(fired.elapsed() < AT_ONCE);
            } else {
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| request.perform().unwrap_err().status);
                    browser.awaits(1);
                    let fired = Instant::now();
                    cancel.fire();
                    assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
                    assert!(fired.elapsed() < AT_ONCE, "{:?}", fired.elapsed());
                });
            }
            assert!(!browser.is_heard(), "nobody listens");
            // Another call starts a new exchange.
            assert_eq!(scene.authority.count(Step::Token), 0);
        }
    }

    cancel_of_one_call_leaves_the_sign_in_to_the_others {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::idle(&auth);
        let client = scene.client(&auth);
        let cancel = Cancel::new();
        let first = client.request("ping", None).unwrap();
        first.set_cancel(&cancel);
        std::thread::scope(|scope| {
            let one = scope.spawn(|| first.perform().map(drop));
            browser.awaits(1);
            let two = scope.spawn(|| client.ping());
            std::thread::sleep(Duration::from_millis(200));
            cancel.fire();
            assert_eq!(one.join().unwrap().unwrap_err().status, MCP_E_CANCELLED);
            // The other shows a page of its own, or goes on with that one.
            let mut visited = 0;
            while !two.is_finished() {
                for url in &browser.urls()[visited..] {
                    let redirect = browser.visit(url).unwrap();
                    browser.follow(&redirect);
                    visited += 1;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            two.join().unwrap().unwrap();
        });
    }

    close_ends_the_wait_for_a_person {
        for is_started in [false, true] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::idle(&auth);
            let client = scene.client(&auth);
            let request = client.request("ping", None).unwrap();
            std::thread::scope(|scope| {
                if is_started {
                    request.start().unwrap();
                    while browser.count() == 0 {
                        client.dispatch(20).unwrap();
                    }
                    client.close();
                    assert_eq!(request.wait(30_000), MCP_E_CLOSED);
                } else {
                    let calls: Vec<_> =
                        (0..4).map(|_| scope.spawn(|| client.ping().unwrap_err().status)).collect();
                    browser.awaits(1);
                    let closed = Instant::now();
                    client.close();
                    for call in calls {
                        assert_eq!(call.join().unwrap(), MCP_E_CLOSED);
                    }
                    assert!(closed.elapsed() < AT_ONCE, "{:?}", closed.elapsed());
                }
            });
        }
    }

    close_of_one_client_leaves_the_authorization_to_the_others {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let idle = Browser::idle(&auth);
        let (one, two) = (scene.client(&auth), scene.client(&auth));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| one.ping().unwrap_err().status);
            idle.awaits(1);
            one.close();
            assert_eq!(first.join().unwrap(), MCP_E_CLOSED);
            let second = scope.spawn(|| two.ping());
            idle.awaits(2);
            let redirect = idle.visit(&idle.urls()[1]).unwrap();
            idle.follow(&redirect);
            second.join().unwrap().unwrap();
        });
    }

    cancel_ends_each_request_of_an_exchange {
        for step in [Step::Metadata, Step::Register, Step::Token] {
            let scene = Scene::new();
            scene.authority.inject_always(step, vec![Action::Hang]);
            let (auth, _browser) = scene.person();
            let client = scene.client(&auth);
            let (request, cancel) = (client.request("ping", None).unwrap(), Cancel::new());
            request.set_cancel(&cancel);
            std::thread::scope(|scope| {
                let call = scope.spawn(|| request.perform().unwrap_err().status);
                let is_there = scene.authority.log().await_that(1, SOON, |request| {
                    scene.authority.core.step(request) == step
                });
                assert!(is_there, "{step:?}");
                let fired = Instant::now();
                cancel.fire();
                assert_eq!(call.join().unwrap(), MCP_E_CANCELLED, "{step:?}");
                assert!(fired.elapsed() < AT_ONCE, "{step:?}");
            });
        }
    }

    call_that_waits_for_a_cancelled_exchange_takes_over {
        let scene = Scene::new();
        scene.authority.inject_always(Step::Token, vec![Action::Hang]);
        let (auth, _browser) = scene.person();
        let (one, two) = (scene.client(&auth), scene.client(&auth));
        two.set_timeout(300);
        std::thread::scope(|scope| {
            let cancel = Cancel::new();
            let request = one.request("ping", None).unwrap();
            request.set_cancel(&cancel);
            let first = scope.spawn(move || request.perform().unwrap_err().status);
            let is_there = scene.authority.log().await_that(1, SOON, |request| {
                scene.authority.core.step(request) == Step::Token
            });
            assert!(is_there);
            let second = scope.spawn(|| two.ping().unwrap_err());
            std::thread::sleep(Duration::from_millis(200));
            let fired = Instant::now();
            cancel.fire();
            assert_eq!(first.join().unwrap(), MCP_E_CANCELLED);
            // It is its turn now, in its own time.
            let failure = second.join().unwrap();
            scene.tells_no_secret(&failure);
            assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
            assert!(fired.elapsed() < AT_ONCE);
        });
    }

    call_that_waits_for_a_callback_of_another_call_ends_by_its_own_limits {
        for waiting in waiting_call::calls(&[MCP_E_TIMEOUT, MCP_E_CANCELLED, MCP_E_CLOSED]) {
            let scene = Scene::new();
            let token = unsigned(&json!({"sub": "workload-of-the-tests", "exp": now() + 300}));
            scene.authority.accept(&token);
            let auth = Auth::of(MCP_GRANT_JWT_BEARER);
            let (asked, released) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let (count, release) = (asked.clone(), released.clone());
            auth.set_assertion_handler(move |_| {
                count.fetch_add(1, Ordering::SeqCst);
                let is_released = || release.load(Ordering::SeqCst) > 0;
                mcp_test_server::await_true(SOON, is_released);
                Some(token.clone())
            }).unwrap();
            let is_inside = || asked.load(Ordering::SeqCst) == 1;
            let release = || released.store(1, Ordering::SeqCst);
            waiting.ends(&scene.client(&auth), &scene.client(&auth), is_inside, release);
        }
    }

    client_freed_during_a_sign_in_frees_everything {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::idle(&auth);
        let client = scene.client(&auth);
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        while browser.count() == 0 {
            client.dispatch(20).unwrap();
        }
        let start = Instant::now();
        drop(request);
        drop(client);
        drop(auth);
        assert!(start.elapsed() < AT_ONCE);
        assert!(mcp_test_server::await_true(SOON, || !browser.is_heard()), "nobody listens");
    }

    trace_of_a_started_sign_in_shows_no_secret {
        // The scene looks at the trace when it ends.
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.method = Some("client_secret_basic"));
        let (auth, _browser) = scene.person();
        let client = scene.client(&auth);
        let request = client.tool_request("echo", json!({})).unwrap();
        request.start().unwrap();
        assert_eq!(client.dispatch_until_done(&request), 0);
        scene.authority.expire();
        client.ping().unwrap();
        client.sign_out().unwrap();
    }
}
