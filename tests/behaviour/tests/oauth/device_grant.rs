//! The device authorization grant: a person signs in with a browser elsewhere
//! (RFC 8628).

use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use behaviour::auth::{Auth, DeviceCode};
use behaviour::authority::{DEVICE_GRANT, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Outcome, SOON, c, raw, tests};
use mcp_test_server::{Action, await_true};
use serde_json::{Value, json};

const ID: &str = "the-device";

/// The codes that were shown, and on which threads.
#[derive(Clone, Default)]
struct Display(Arc<Mutex<Vec<(ThreadId, DeviceCode)>>>);

impl Display {
    fn codes(&self) -> Vec<DeviceCode> {
        self.0.lock().unwrap().iter().map(|(_, code)| code.clone()).collect()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().iter().map(|(thread, _)| *thread).collect()
    }
}

/// A server with the grant, and a client id that it knows. `device` changes its
/// answers; the person is done after `polls` polls.
fn scene(device: Value, polls: usize) -> Scene {
    let scene = Scene::new();
    scene.authority.set(|knobs| {
        knobs.has_device = true;
        knobs.given = vec![Registered::public(ID)];
        knobs.device = device;
        knobs.device_polls = polls;
        // Nothing of a browser is needed.
        knobs.metadata = json!({"authorization_endpoint": null, "response_types_supported": null,
                                "code_challenge_methods_supported": null});
    });
    scene
}

/// An authorization for the grant, and what it shows.
fn device() -> (Auth, Display) {
    let auth = Auth::of(MCP_GRANT_DEVICE);
    auth.set_client(ID, None).unwrap();
    let display = shows(&auth);
    (auth, display)
}

fn shows(auth: &Auth) -> Display {
    let display = Display::default();
    let seen = display.clone();
    auth.set_device_handler(move |_, code| {
        seen.0.lock().unwrap().push((std::thread::current().id(), code));
        0
    })
    .unwrap();
    display
}

/// What comes of one sign-in, in its own scene.
fn outcome(scene: &Scene) -> Outcome<()> {
    let (auth, _display) = device();
    scene.client(&auth).ping()
}

tests! {
    person_signs_in_elsewhere {
        let scene = scene(json!({}), 1);
        let (auth, display) = device();
        let client = scene.client(&auth);
        client.ping().unwrap();
        let url = format!("{}/activate", scene.authority.base());
        assert_eq!(display.codes(), [DeviceCode {
            user_code: "WDJB-MJHT".into(),
            complete_url: Some(format!("{url}?user_code=WDJB-MJHT")),
            url,
            expires_in: 300_000,
        }]);
        assert_eq!(display.threads(), [std::thread::current().id()]);
        let asked = &scene.authority.forms(Step::Device)[0];
        assert_eq!(asked.text("client_id"), ID);
        assert_eq!(asked.text("resource"), scene.guarded.url());
        let polls = scene.authority.forms(Step::Poll);
        assert_eq!(polls.len(), 2);
        for poll in &polls {
            assert_eq!(poll.text("grant_type"), DEVICE_GRANT);
            assert_eq!(poll.text("client_id"), ID);
            assert_eq!(poll.text("resource"), scene.guarded.url());
            assert!(!poll.text("device_code").is_empty());
        }
        assert_eq!((scene.authority.count(Step::Authorize), scene.authority.count(Step::Token)),
            (0, 0));
        // The refresh token serves as with a browser.
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!((display.count(), scene.authority.count(Step::Refresh)), (1, 1));
        // Without one, the person is asked again.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        client.ping().unwrap();
        assert_eq!(display.count(), 2);
        scene.authority.has_no_complaint();
    }

    polls_keep_the_interval {
        // Of 0, a second is made; the emulator complains of shorter ones.
        let scene = scene(json!({"interval": 0}), 2);
        let start = Instant::now();
        outcome(&scene).unwrap();
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(3) && took < AT_ONCE, "{took:?}");
        assert_eq!(scene.authority.count(Step::Poll), 3);
        scene.authority.has_no_complaint();
    }

    slow_down_makes_pauses_longer {
        let scene = scene(json!({}), 0);
        scene.authority.inject_error(Step::Poll, 400, "slow_down");
        let (auth, _display) = device();
        let client = scene.client(&auth);
        let cancel = Cancel::new();
        let request = client.request("ping", None).unwrap();
        request.set_cancel(&cancel);
        std::thread::scope(|scope| {
            let call = scope.spawn(|| request.perform().map(drop).unwrap_err().status);
            assert!(await_true(SOON, || scene.authority.count(Step::Poll) == 1));
            std::thread::sleep(Duration::from_millis(1500));
            assert_eq!(scene.authority.count(Step::Poll), 1, "five more seconds are to pass");
            cancel.fire();
            assert_eq!(call.join().unwrap(), MCP_E_CANCELLED);
        });
    }

    refusals_end_the_sign_in {
        let cases = [("access_denied", 400, MCP_E_DENIED), ("expired_token", 400, MCP_E_TIMEOUT),
            ("invalid_grant", 400, MCP_E_AUTH), ("unsupported_grant_type", 400, MCP_E_AUTH),
            ("access_denied", 403, MCP_E_DENIED), ("something_new", 200, MCP_E_AUTH)];
        std::thread::scope(|scope| {
            for (error, http_status, status) in cases {
                scope.spawn(move || {
                    let scene = scene(json!({}), 0);
                    scene.authority.inject_error(Step::Poll, http_status, error);
                    let failure = scene.failure(outcome(&scene));
                    assert_eq!(failure.status, status, "{error}: {}", failure.message);
                    assert!(failure.message.contains(error), "{}", failure.message);
                    assert_eq!(scene.authority.count(Step::Poll), 1, "{error}: no second poll");
                });
            }
        });
    }

    pending_may_come_with_any_status {
        std::thread::scope(|scope| {
            for status in [200, 403, 428, 429] {
                scope.spawn(move || {
                    let scene = scene(json!({}), 0);
                    scene.authority.inject_error(Step::Poll, status, "authorization_pending");
                    outcome(&scene).unwrap();
                    assert_eq!(scene.authority.count(Step::Poll), 2, "{status}");
                });
            }
        });
    }

    server_that_is_away_for_a_moment_is_polled_again {
        let reply = |status: u16, headers: &[(&str, &str)]| {
            vec![Action::Send(mcp_test_server::http::reply(status, headers, b"<p>later"))]
        };
        let cases = [reply(503, &[]), reply(502, &[]), reply(429, &[("retry-after", "2")]),
            reply(503, &[("retry-after", "1")]), vec![Action::Close]];
        std::thread::scope(|scope| {
            for away in cases {
                scope.spawn(move || {
                    let scene = scene(json!({}), 0);
                    scene.authority.inject(Step::Poll, away);
                    let start = Instant::now();
                    outcome(&scene).unwrap();
                    assert_eq!(scene.authority.count(Step::Poll), 2);
                    // The first after 1 s, the next after twice that.
                    assert!(start.elapsed() >= Duration::from_millis(2900), "{:?}", start.elapsed());
                });
            }
        });
    }

    wait_ends_when_the_code_expires {
        let scene = scene(json!({"expires_in": "1", "interval": 5}), 9);
        let start = Instant::now();
        let failure = scene.failure(outcome(&scene));
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(failure.message.contains("before the code expired"), "{}", failure.message);
        assert!(start.elapsed() < AT_ONCE);
        assert_eq!(scene.authority.count(Step::Poll), 0);
    }

    wait_ends_after_the_sign_in_timeout {
        for device_of_server in [json!({}), json!({"expires_in": null})] {
            let scene = scene(device_of_server, 9);
            let (auth, display) = device();
            auth.set_sign_in_timeout(700).unwrap();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            let words = "mcp_auth_set_sign_in_timeout()";
            assert!(failure.message.contains(words), "{}", failure.message);
            assert_eq!(display.codes()[0].expires_in, 700);
        }
    }

    error_at_the_end_names_the_last_failure {
        let scene = scene(json!({}), 0);
        let later = mcp_test_server::http::reply(503, &[], b"<p>later");
        scene.authority.inject_always(Step::Poll, vec![Action::Send(later)]);
        let (auth, _display) = device();
        auth.set_sign_in_timeout(1500).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        assert!(failure.message.contains("answered 503"), "{}", failure.message);
    }

    malformed_response_is_refused_before_it_is_shown {
        for (over, status) in [
            (json!({"device_code": null}), MCP_E_PROTOCOL),
            (json!({"device_code": ""}), MCP_E_PROTOCOL),
            (json!({"user_code": 7}), MCP_E_PROTOCOL),
            (json!({"user_code": "9".repeat(1000)}), MCP_E_PROTOCOL),
            (json!({"verification_uri": null}), MCP_E_PROTOCOL),
            (json!({"verification_uri": "http://evil.example.com/"}), MCP_E_UNTRUSTED),
            (json!({"verification_uri": "javascript:alert(1)"}), MCP_E_UNTRUSTED),
            (json!({"verification_uri": "https://evil\u{1b}[2J/"}), MCP_E_UNTRUSTED),
        ] {
            let scene = scene(over.clone(), 0);
            let (auth, display) = device();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, status, "{over}: {}", failure.message);
            assert_eq!((display.count(), scene.authority.count(Step::Poll)), (0, 0), "{over}");
        }
    }

    code_is_shown_clean {
        let url = "https://as.example.com/device";
        let scene = scene(json!({
            "user_code": " AB\u{1b}[2J\n\u{202e}é ", "verification_uri": null,
            "verification_url": url, "verification_uri_complete": "javascript:alert(1)",
        }), 0);
        let (auth, display) = device();
        scene.client(&auth).ping().unwrap();
        let code = &display.codes()[0];
        assert_eq!(code.user_code, "AB?[2J???");
        assert_eq!((code.url.as_str(), &code.complete_url), (url, &None));
    }

    refusals_of_the_code_request_are_shown {
        for (http_status, error, status) in [
            (401, "invalid_client", MCP_E_AUTH), (400, "unauthorized_client", MCP_E_AUTH),
            (400, "invalid_scope", MCP_E_AUTH), (503, "temporarily_unavailable",
                MCP_E_UNAVAILABLE),
        ] {
            let scene = scene(json!({}), 0);
            scene.authority.inject_error(Step::Device, http_status, error);
            let (auth, display) = device();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, status, "{error}: {}", failure.message);
            assert!(http_status == 503 || failure.message.contains(error), "{}", failure.message);
            assert_eq!((display.count(), scene.authority.count(Step::Device)), (0, 1));
        }
    }

    server_without_the_endpoint_is_named {
        let scene = scene(json!({}), 0);
        scene.authority.set(|knobs| knobs.has_device = false);
        let failure = scene.failure(outcome(&scene));
        assert_eq!(failure.status, MCP_E_AUTH);
        for word in ["device_authorization_endpoint", "mcp_auth_set_endpoints()"] {
            assert!(failure.message.contains(word), "{}", failure.message);
        }
    }

    handler_is_needed_and_may_fail {
        let scene = scene(json!({}), 0);
        let auth = Auth::of(MCP_GRANT_DEVICE);
        auth.set_client(ID, None).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_UNAUTHORIZED);
        assert!(failure.message.contains("mcp_auth_set_device_handler()"), "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Device), 0);
        let auth = Auth::of(MCP_GRANT_DEVICE);
        auth.set_client(ID, None).unwrap();
        auth.set_device_handler(|_, _| MCP_E_IO).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH);
        assert_eq!(scene.authority.count(Step::Poll), 0);
    }

    timeout_of_the_call_is_paused {
        for is_started in [false, true] {
            let scene = scene(json!({}), 1);
            let (auth, display) = device();
            let client = scene.client(&auth);
            let request = client.request("ping", None).unwrap();
            request.set_timeout(1800);
            if is_started {
                request.start().unwrap();
                assert_eq!(client.dispatch_until_done(&request), 0);
                assert_eq!(display.threads(), [std::thread::current().id()]);
            } else {
                request.perform().unwrap();
            }
            scene.authority.has_no_complaint();
        }
    }

    cancel_and_close_end_the_wait_at_once {
        for (is_started, ending) in [(false, MCP_E_CANCELLED), (true, MCP_E_CANCELLED),
                                     (false, MCP_E_CLOSED), (true, MCP_E_CLOSED)] {
            let scene = scene(json!({"interval": 30}), 9);
            let (auth, display) = device();
            let client = scene.client(&auth);
            let cancel = Cancel::new();
            let request = client.request("ping", None).unwrap();
            request.set_cancel(&cancel);
            let end = || if ending == MCP_E_CLOSED { client.close() } else { cancel.fire() };
            let start = if is_started {
                request.start().unwrap();
                let begun = Instant::now();
                while display.count() == 0 {
                    assert!(begun.elapsed() < SOON);
                    client.dispatch(20).unwrap();
                }
                let start = Instant::now();
                end();
                assert_eq!(request.wait(30_000), ending);
                start
            } else {
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| request.perform().map(drop).unwrap_err().status);
                    assert!(await_true(SOON, || display.count() == 1));
                    let start = Instant::now();
                    end();
                    assert_eq!(call.join().unwrap(), ending);
                    start
                })
            };
            assert!(start.elapsed() < AT_ONCE, "{ending}");
        }
    }

    calls_share_one_sign_in {
        let scene = scene(json!({}), 1);
        let (auth, display) = device();
        let (one, other) = (scene.client(&auth), scene.client(&auth));
        std::thread::scope(|scope| {
            let calls: Vec<_> = [&one, &one, &other].into_iter().map(|client| {
                scope.spawn(move || {
                    let request = client.request("ping", None).unwrap();
                    request.set_timeout(1800);
                    request.perform().map(drop)
                })
            }).collect();
            for call in calls {
                call.join().unwrap().unwrap();
            }
        });
        assert_eq!((display.count(), scene.authority.count(Step::Device)), (1, 1));
        scene.authority.has_no_complaint();
    }

    program_registers_for_the_grant {
        let scene = scene(json!({}), 0);
        let auth = Auth::of(MCP_GRANT_DEVICE);
        let display = shows(&auth);
        let client = scene.client(&auth);
        client.ping().unwrap();
        let asked = scene.authority.of(Step::Register)[0].json();
        assert_eq!(asked["grant_types"], json!([DEVICE_GRANT, "refresh_token"]));
        // A registration that the server has forgotten is made once more.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        scene.authority.forget_registrations();
        client.ping().unwrap();
        assert_eq!((display.count(), scene.authority.count(Step::Register)), (2, 2));
    }

    refused_grant_of_a_registration_leads_to_another_one {
        let scene = scene(json!({}), 0);
        let auth = Auth::of(MCP_GRANT_DEVICE);
        let display = shows(&auth);
        let client = scene.client(&auth);
        client.ping().unwrap();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        scene.authority.inject_error(Step::Device, 400, "unauthorized_client");
        client.ping().unwrap();
        assert_eq!((display.count(), scene.authority.count(Step::Register)), (2, 2));
    }

    changes_of_the_application_are_in_both_requests {
        let scene = scene(json!({}), 0);
        let (auth, _display) = device();
        unsafe {
            let (name, value) = (c("audience"), c("https://api.example.com"));
            let set = raw::mcp_auth_set_authorization_parameter;
            assert_eq!(set(auth.0, name.as_ptr(), value.as_ptr()), 0);
            let value = c("https://other.example.com");
            let set = raw::mcp_auth_set_token_parameter;
            assert_eq!(set(auth.0, name.as_ptr(), value.as_ptr()), 0);
            for set in [raw::mcp_auth_set_authorization_parameter,
                        raw::mcp_auth_set_token_parameter] {
                assert_eq!(set(auth.0, c("device_code").as_ptr(), value.as_ptr()),
                    MCP_E_INVALID_ARGUMENT);
            }
        }
        auth.set_scope("a  b").unwrap();
        scene.client(&auth).ping().unwrap();
        let asked = &scene.authority.forms(Step::Device)[0];
        assert_eq!(asked.text("audience"), "https://api.example.com");
        assert_eq!(asked.text("scope"), "a  b");
        let poll = &scene.authority.forms(Step::Poll)[0];
        assert_eq!(poll.text("audience"), "https://other.example.com");
        assert_eq!(poll.get("scope"), None);
    }

    endpoints_may_be_given {
        let scene = scene(json!({}), 0);
        scene.authority.set(|knobs| knobs.served = vec![]);
        let (auth, display) = device();
        let base = scene.authority.base();
        let (device, token) = (c(&format!("{base}/device")), c(&format!("{base}/token")));
        let set = unsafe { raw::mcp_auth_set_endpoints(auth.0, device.as_ptr(), token.as_ptr()) };
        assert_eq!(set, 0);
        scene.client(&auth).ping().unwrap();
        assert_eq!(display.count(), 1);
    }

    token_serves_a_browser_later_and_the_other_way_round {
        let folder = std::env::temp_dir().join(format!("mcp-both-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("tokens.json").display().to_string();
        let scene = scene(json!({}), 0);
        scene.authority.set(|knobs| knobs.metadata = json!({}));
        let auth = Auth::of(MCP_GRANT_DEVICE);
        let display = shows(&auth);
        auth.set_store_file(&path).unwrap();
        scene.client(&auth).ping().unwrap();
        scene.authority.expire();
        let (person, browser) = scene.person();
        person.set_store_file(&path).unwrap();
        scene.client(&person).ping().unwrap();
        assert_eq!((display.count(), browser.count(), scene.authority.count(Step::Refresh)),
            (1, 0, 1));
        // The refresh token is dead: the browser signs in, and the device uses that.
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        let (person, browser) = scene.person();
        person.set_store_file(&path).unwrap();
        scene.client(&person).ping().unwrap();
        assert_eq!(browser.count(), 1);
        let again = Auth::of(MCP_GRANT_DEVICE);
        let display = shows(&again);
        again.set_store_file(&path).unwrap();
        let client = scene.client(&again);
        client.ping().unwrap();
        assert_eq!(display.count(), 0);
        client.sign_out().unwrap();
        assert!(scene.authority.tokens().is_empty());
        scene.authority.has_no_complaint();
        std::fs::remove_dir_all(folder).unwrap();
    }

    client_authenticates_at_both_endpoints {
        for method in ["client_secret_basic", "client_secret_post"] {
            let scene = scene(json!({}), 0);
            scene.hides("s3cret-of-the-device");
            scene.authority.set(|knobs| {
                knobs.methods = Some(vec![method]);
                knobs.given = vec![Registered::secret(ID, "s3cret-of-the-device", method)];
            });
            let auth = Auth::of(MCP_GRANT_DEVICE);
            auth.set_client(ID, Some("s3cret-of-the-device")).unwrap();
            shows(&auth);
            scene.client(&auth).ping().unwrap();
            for step in [Step::Device, Step::Poll] {
                let request = &scene.authority.of(step)[0];
                assert_eq!(request.header("authorization").is_some(),
                    method == "client_secret_basic", "{step:?}");
            }
            scene.authority.has_no_complaint();
        }
    }

    token_is_bound_by_dpop {
        let scene = scene(json!({}), 1);
        scene.authority.set(|knobs| knobs.has_dpop = true);
        let (auth, _display) = device();
        auth.set_dpop(1).unwrap();
        scene.client(&auth).ping().unwrap();
        let (_, token) = scene.authority.tokens().pop().unwrap();
        assert!(token.thumbprint.is_some());
        scene.authority.has_no_complaint();
    }

    tokens_are_stored_and_signed_out {
        let folder = std::env::temp_dir().join(format!("mcp-device-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("tokens.json").display().to_string();
        let scene = scene(json!({}), 0);
        for run in 0..2 {
            let (auth, display) = device();
            auth.set_store_file(&path).unwrap();
            let client = scene.client(&auth);
            client.ping().unwrap();
            assert_eq!(display.count(), usize::from(run == 0), "the next run has the token");
            if run == 1 {
                client.sign_out().unwrap();
            }
        }
        assert_eq!(scene.authority.count(Step::Revoke), 2);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
