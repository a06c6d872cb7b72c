//! Calls during a token exchange: those that wait for it, and those that start
//! none.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Scene, Step};
use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, SOON, tests};
use mcp_test_server::await_true;
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use serde_json::json;

tests! {
    call_that_waits_to_connect_waits_for_the_person_too {
        for is_started in [false, true] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::slow(&auth, Duration::from_millis(2500));
            let client = scene.client(&auth);
            client.set_timeout(2200);
            let first = client.tool_request("echo", json!({})).unwrap();
            if is_started {
                first.start().unwrap();
            }
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| client.ping().unwrap());
                }
            });
            if is_started {
                assert_eq!(first.wait(30_000), 0);
            }
            assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 1));
        }
    }

    call_that_waits_to_connect_without_a_person_keeps_its_timeout {
        let scene = Scene::new();
        let (auth, _browser) = scene.person();
        scene.guarded.set(|wall| wall.hangs = true);
        let client = scene.client(&auth);
        std::thread::scope(|scope| {
            let cancel = Cancel::new();
            let first = client.request("ping", None).unwrap();
            first.set_cancel(&cancel);
            let waits = scope.spawn(move || first.perform().unwrap_err().status);
            assert!(scene.guarded.log().await_that(1, SOON, |_| true));
            let second = client.request("ping", None).unwrap();
            second.set_timeout(300);
            let start = Instant::now();
            assert_eq!(second.perform().unwrap_err().status, MCP_E_TIMEOUT);
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
            cancel.fire();
            assert_eq!(waits.join().unwrap(), MCP_E_CANCELLED);
        });
    }

    callback_that_calls_its_connecting_client_gets_an_error_at_once {
        for is_started in [false, true] {
            let scene = Scene::new();
            let (auth, browser) = (Auth::of(MCP_GRANT_AUTHORIZATION_CODE), Browser::default());
            let client = Arc::new(scene.client(&auth));
            let (inner, seen): (Weak<Client>, _) = (Arc::downgrade(&client), browser.clone());
            let told = Arc::new(Mutex::new(None));
            let tells = told.clone();
            auth.set_browser(move |auth, url| {
                seen.note(url);
                let start = Instant::now();
                let failure = inner.upgrade().unwrap().ping().unwrap_err();
                *tells.lock().unwrap() = Some((failure.status, start.elapsed()));
                auth.complete(&seen.visit(url).unwrap()).map_or(1, |()| 0)
            }).unwrap();
            if is_started {
                let request = client.tool_request("echo", json!({})).unwrap();
                request.start().unwrap();
                assert_eq!(request.wait(30_000), 0);
            } else {
                client.ping().unwrap();
            }
            let (status, took) = told.lock().unwrap().take().unwrap();
            assert_eq!(status, MCP_E_STATE);
            assert!(took < AT_ONCE, "{took:?}");
        }
    }

    abandoned_call_requests_no_token {
        for (is_started, is_dead) in [(false, true), (true, true), (false, false)] {
            let scene = Scene::of(Config::handshake(Offer::default()));
            let (client, _auth, browser) = scene.signed_in();
            let cancel = Cancel::new();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.set_cancel(&cancel);
            let before = scene.guarded.accepted();
            let is_there = || scene.guarded.log().await_that(1, SOON, |request| {
                request.json()["params"]["name"] == "hang"
            });
            let ends = || {
                assert!(is_there());
                // The token is accepted before it expires.
                assert!(await_true(SOON, || scene.guarded.accepted() > before));
                if is_dead {
                    scene.authority.expire();
                }
                cancel.fire();
            };
            if is_started {
                request.start().unwrap();
                ends();
                assert_eq!(request.wait(30_000), MCP_E_CANCELLED);
            } else {
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| request.perform().unwrap_err().status);
                    ends();
                    assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
                });
            }
            let is_told = scene.guarded.log().await_that(1, SOON, |request| {
                request.json()["method"] == "notifications/cancelled"
                    && request.header("authorization").is_some()
            });
            assert!(is_told, "with the token that there is");
            std::thread::sleep(Duration::from_millis(200));
            assert_eq!((scene.authority.count(Step::Refresh), browser.count()), (0, 1));
            client.ping().unwrap();
            let renewed = usize::from(is_dead);
            assert_eq!((scene.authority.count(Step::Refresh), browser.count()), (renewed, 1));
            scene.authority.has_no_complaint();
        }
    }

    new_token_that_the_server_reflects_is_redacted_in_the_trace {
        // The scene looks at the trace when it ends.
        let scene = Scene::new();
        scene.guarded.set(|wall| wall.reflects = true);
        let (auth, browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert!(failure.message.contains("what is"), "{}", failure.message);
        assert_eq!(browser.count(), 1);
    }
}
