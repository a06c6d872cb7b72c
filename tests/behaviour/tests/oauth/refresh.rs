//! Tokens that expire: refreshed before they do, after a 401, and by one thread
//! for all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, SOON, tests};
use mcp_test_server::mcp::Config;
use mcp_test_server::offer::Offer;
use mcp_test_server::{Action, Gate, await_true, http};
use serde_json::{Value, json};

const MANY: usize = 64;
/// Longer than a call that got a new token takes.
const LIFE: Duration = Duration::from_millis(1500);

fn all(clients: &[&Client], calls: usize) -> Vec<behaviour::Outcome<()>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..MANY)
            .map(|number| {
                let client = clients[number % clients.len()];
                scope.spawn(move || (0..calls).try_for_each(|_| client.ping()))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn none_fails(outcomes: Vec<behaviour::Outcome<()>>) {
    for outcome in outcomes {
        outcome.unwrap();
    }
}

tests! {
    dead_session_is_suspected_after_the_token {
        let scene = Scene::of(Config::handshake(Offer::default()));
        let (client, _auth, browser) = scene.signed_in();
        scene.guarded.set(|wall| wall.lost_session = Some("session-1".into()));
        let failure = scene.failure(client.call("echo", json!({})));
        assert_eq!((failure.status, failure.http_status), (MCP_E_UNAUTHORIZED, 401));
        assert!(!failure.message.contains("session"), "{}", failure.message);
        // Renewed, and repeated once.
        assert_eq!(scene.authority.count(Step::Refresh), 1);
        let log = scene.guarded.log();
        assert_eq!((log.of("tools/call").len(), log.of("initialize").len()), (2, 1));
        for _ in 0..3 {
            client.call("echo", json!({})).unwrap();
        }
        assert_eq!((log.of("tools/call").len(), log.of("initialize").len()), (5, 2));
        assert_eq!(browser.count(), 1);
        scene.authority.has_no_complaint();
    }

    renewed_token_says_nothing_about_the_session {
        let scene = Scene::of(Config::handshake(Offer::default()));
        let (client, _auth, _browser) = scene.signed_in();
        let log = scene.guarded.log();
        let count = |method: &str| log.of(method).len();
        let before = (count("initialize"), count("ping"));
        for _ in 0..3 {
            scene.authority.expire();
            client.call("echo", json!({})).unwrap();
        }
        assert_eq!((count("initialize"), count("ping")), before);
    }

    token_that_expires_under_load_is_refreshed_once {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        for round in 1..=3 {
            scene.authority.expire();
            none_fails(all(&[&client], 10));
            assert_eq!(scene.authority.count(Step::Refresh), round);
        }
        assert_eq!(browser.count(), 1);
        scene.authority.has_no_complaint();
    }

    clients_that_share_an_authorization_refresh_once {
        let scene = Scene::new();
        let (first, auth, browser) = scene.signed_in();
        let more: Vec<_> = (0..3).map(|_| scene.client(&auth)).collect();
        let clients: Vec<_> = more.iter().chain([&first]).collect();
        none_fails(all(&clients, 5));
        scene.authority.expire();
        none_fails(all(&clients, 5));
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 1));
        scene.authority.has_no_complaint();
    }

    many_401s_lead_to_one_sign_in {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.pauses.insert(Step::Token, Duration::from_millis(200));
        });
        let (auth, browser) = scene.person();
        let clients: Vec<_> = (0..4).map(|_| scene.client(&auth)).collect();
        none_fails(all(&clients.iter().collect::<Vec<_>>(), 2));
        let made = (browser.count(), scene.authority.count(Step::Token),
            scene.authority.count(Step::Register));
        assert_eq!(made, (1, 1, 1));
        scene.authority.has_no_complaint();
    }

    short_lived_tokens_are_refreshed_without_a_failure {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.lives = Some(LIFE);
            knobs.expires_in = Value::Null;
        });
        let (client, _auth, browser) = scene.signed_in();
        let (start, renewed) = (Instant::now(), || scene.authority.count(Step::Refresh));
        while renewed() < 2 && start.elapsed() < SOON {
            none_fails(all(&[&client], 1));
        }
        let most = 1 + (start.elapsed().as_millis() / LIFE.as_millis()) as usize;
        assert!((2..=most).contains(&renewed()), "{} of {most}", renewed());
        assert_eq!(browser.count(), 1);
        scene.authority.has_no_complaint();
    }

    token_is_refreshed_before_it_expires {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.expires_in = json!(6));
        let (client, _auth, _browser) = scene.signed_in();
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Refresh), 0);
        std::thread::sleep(Duration::from_millis(3100));
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Refresh), 1);
        let refused = scene.guarded.log().that(|request| request.path() == "/mcp").len()
            - scene.guarded.accepted();
        assert_eq!(refused, 1, "the first call alone was refused");
        scene.authority.has_no_complaint();
    }

    call_with_a_valid_token_does_not_wait_for_a_refresh {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.expires_in = json!(8));
        let (client, _auth, _browser) = scene.signed_in();
        let gate = Gate::default();
        scene.authority.set(|knobs| drop(knobs.gates.insert(Step::Refresh, gate.clone())));
        std::thread::sleep(Duration::from_millis(4300));
        std::thread::scope(|scope| {
            let renews = scope.spawn(|| client.ping().unwrap());
            let is_there = scene.authority.log().await_that(1, SOON, |request| {
                scene.authority.core.step(request) == Step::Refresh
            });
            assert!(is_there, "a renewal");
            (0..20).for_each(|_| client.ping().unwrap());
            assert!(!renews.is_finished() && !gate.is_open());
            gate.open();
            renews.join().unwrap();
        });
        assert_eq!(scene.authority.count(Step::Refresh), 1);
    }

    call_with_a_valid_token_does_not_wait_for_a_person {
        let scene = Scene::new();
        scene.guarded.set(|wall| {
            wall.scope = Some("read".into());
            wall.needs.insert("echo".into(), "write".into());
        });
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let gate = Gate::default();
        let acts = gate.clone();
        let browser = Browser::after(&auth, move |pages| {
            assert!(pages == 1 || await_true(SOON, || acts.is_open()));
        });
        let client = scene.client(&auth);
        client.ping().unwrap();
        std::thread::scope(|scope| {
            let call = scope.spawn(|| client.call("echo", json!({})).map(drop));
            browser.awaits(2);
            (0..20).for_each(|_| client.ping().unwrap());
            gate.open();
            call.join().unwrap().unwrap();
        });
        assert_eq!(browser.count(), 2);
    }

    refused_token_is_refreshed_once_and_then_an_error {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.guarded.set(|wall| wall.refuses = true);
        let failure = scene.failure(client.ping());
        assert_eq!((failure.status, failure.http_status), (MCP_E_UNAUTHORIZED, 401));
        assert_eq!(failure.challenge[0], ("error".into(), "invalid_token".into()));
        assert!(scene.authority.count(Step::Refresh) <= 1);
        assert!(browser.count() <= 2);
        scene.authority.has_no_complaint();
    }

    refresh_token_rotates_and_the_newest_is_used {
        for rotates in [true, false] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.rotates = rotates);
            let (client, _auth, browser) = scene.signed_in();
            for _ in 0..4 {
                scene.authority.expire();
                client.ping().unwrap();
            }
            let forms = scene.authority.forms(Step::Refresh);
            assert_eq!((forms.len(), browser.count()), (4, 1));
            let is_other = forms[0].text("refresh_token") != forms[1].text("refresh_token");
            assert_eq!(is_other, rotates);
            assert_eq!(forms[0].text("resource"), scene.guarded.url());
            scene.authority.has_no_complaint();
        }
    }

    refused_refresh_token_leads_to_a_new_sign_in {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (2, 1));
        assert_eq!(scene.authority.count(Step::Register), 1, "the registration is kept");
        scene.authority.has_no_complaint();
    }

    unavailable_server_keeps_the_refresh_token {
        for status in [500, 502, 503, 429] {
            let scene = Scene::new();
            let (client, _auth, browser) = scene.signed_in();
            scene.authority.expire();
            scene.authority.inject_reply(Step::Refresh, status, &[("retry-after", "3")], "");
            let failure = scene.failure(client.ping());
            assert_eq!(failure.status, MCP_E_UNAVAILABLE, "{status}: {}", failure.message);
            assert_eq!(browser.count(), 1, "{status}");
            client.ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 2));
            scene.authority.has_no_complaint();
        }
    }

    failed_refresh_does_not_end_a_call_with_a_valid_token {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.expires_in = json!(6));
        let (client, _auth, browser) = scene.signed_in();
        let down = vec![Action::Send(http::reply(503, &[], b""))];
        scene.authority.inject_always(Step::Refresh, down);
        std::thread::sleep(Duration::from_millis(3300));
        client.ping().unwrap();
        assert!(scene.authority.count(Step::Refresh) >= 1);
        assert_eq!(browser.count(), 1);
    }

    broken_refresh_is_not_repeated_in_a_call {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.inject(Step::Refresh, vec![Action::Close]);
        let outcome = client.ping();
        let made = (browser.count(), scene.authority.count(Step::Refresh));
        assert_eq!(made, (1, 1), "{:?}", client.count(MCP_COUNTER_REPETITIONS));
        let failure = scene.failure(outcome);
        assert!([MCP_E_IO, MCP_E_UNAVAILABLE].contains(&failure.status), "{failure:?}");
        client.ping().unwrap();
        scene.authority.has_no_complaint();
    }

    clock_of_the_server_does_not_matter {
        for date in ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 2100 23:59:59 GMT", "junk"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.headers = vec![("date", date.into())]);
            let (client, _auth, browser) = scene.signed_in();
            client.ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (1, 0));
        }
    }

    unusual_lifetimes_are_accepted {
        for (said, renewals) in [
            (json!("3600"), 0), (json!(-5), 0), (json!(0), 0), (Value::Null, 0),
            (json!(u64::MAX), 0), (json!(1e300), 0), (json!("soon"), 0), (json!([]), 0),
            (json!(3600.5), 0), (json!("99999999999999999999999"), 0), (json!(i64::MIN), 0),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.expires_in = said.clone());
            let (client, _auth, browser) = scene.signed_in();
            for _ in 0..3 {
                client.ping().unwrap();
            }
            let made = (browser.count(), scene.authority.count(Step::Refresh));
            assert_eq!(made, (1, renewals), "{said}");
        }
    }

    missing_refresh_token_leads_to_a_new_sign_in {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.gives_refresh = false);
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (2, 0));
    }

    client_credentials_request_a_new_token {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.given = vec![Registered::secret("m", "secret-m-long", "client_secret_basic")];
            // One that comes all the same is not used.
            knobs.token = json!({"refresh_token": "rt-that-nobody-asked-for"});
        });
        let auth = Auth::of(MCP_GRANT_CLIENT_CREDENTIALS);
        auth.set_client("m", Some("secret-m-long")).unwrap();
        let client = scene.client(&auth);
        none_fails(all(&[&client], 2));
        scene.authority.expire();
        none_fails(all(&[&client], 2));
        assert_eq!((scene.authority.count(Step::Token), scene.authority.count(Step::Refresh)),
            (2, 0));
        scene.authority.has_no_complaint();
    }

    threads_that_wait_for_an_exchange_share_its_failure {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.inject(Step::Refresh, vec![
            Action::Pause(Duration::from_millis(300)),
            Action::Send(http::reply(503, &[], b"")),
        ]);
        let is_done = AtomicBool::new(false);
        let outcomes = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| client.ping())).collect();
            let outcomes: Vec<_> = calls.into_iter().map(|call| call.join().unwrap()).collect();
            is_done.store(true, Ordering::SeqCst);
            outcomes
        });
        for failure in outcomes.into_iter().filter_map(Result::err) {
            scene.tells_no_secret(&failure);
            assert_eq!(failure.status, MCP_E_UNAVAILABLE, "{}", failure.message);
        }
        assert!(is_done.load(Ordering::SeqCst));
        assert!(scene.authority.count(Step::Refresh) <= 2);
        assert_eq!(browser.count(), 1);
        client.ping().unwrap();
    }
}
