//! Requests to the redirect URL that do not belong to the sign-in: never taken,
//! and reported at once.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Form, Scene, Step, form};
use behaviour::constants::*;
use behaviour::{Client, EventLog, SOON, tests};
use mcp_test_server::await_true;

/// The requests that the redirect URL gets, as their query or as a whole.
type Requests = fn(redirect: &str) -> Vec<(&'static str, String)>;

/// A sign-in whose redirect URL gets these requests, and then, if wanted, the
/// right answer 100 ms later.
fn visited(auth: &Auth, requests: Requests, is_answered: bool) -> Browser {
    let pause = || std::thread::sleep(Duration::from_millis(100));
    visited_when(auth, requests, is_answered, pause)
}

/// The same; the right answer comes when `waits` returns.
fn visited_when(
    auth: &Auth,
    requests: Requests,
    is_answered: bool,
    waits: impl Fn() + Send + Sync + 'static,
) -> Browser {
    let waits = Arc::new(waits);
    let browser = Browser::default();
    let seen = browser.clone();
    auth.set_browser(move |_, url| {
        seen.note(url);
        let (seen, url, waits) = (seen.clone(), url.to_owned(), waits.clone());
        std::thread::spawn(move || {
            let redirect = Form::of_url(&url).text("redirect_uri").to_owned();
            for (method, target) in requests(&redirect) {
                let _ = form::send(method, &target, None);
            }
            if is_answered {
                waits();
                let redirect = seen.visit(&url).unwrap();
                seen.follow(&redirect);
            }
        });
        0
    })
    .unwrap();
    browser
}

/// The texts of the notices.
#[derive(Clone, Default)]
struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    fn of(client: &Client) -> Self {
        let notices = Self::default();
        notices.hear(client);
        notices
    }

    fn hear(&self, client: &Client) {
        let shared = self.clone();
        client
            .set_event_handler(move |event| {
                if event.kind == MCP_EVENT_SIGN_IN_NOTICE {
                    assert_eq!(event.method.as_deref(), Some(""));
                    shared.0.lock().unwrap().push(event.message.unwrap());
                }
            })
            .unwrap();
    }

    fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn error_alone(redirect: &str) -> Vec<(&'static str, String)> {
    vec![("GET", format!("{redirect}?error=invalid_request&error_description=no+scope"))]
}

tests! {
    redirect_that_is_too_long_is_reported {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let too_long = |redirect: &str| {
            let filler = "x".repeat(9000);
            vec![
                ("GET", redirect.replace("/callback", &format!("/other?{filler}"))),
                ("GET", format!("{redirect}?code=c0de&x={filler}")),
            ]
        };
        let _browser = visited(&auth, too_long, true);
        let client = scene.client(&auth);
        let notices = Notices::of(&client);
        client.ping().unwrap();
        let heard = notices.texts();
        assert_eq!(heard.len(), 1, "{heard:?}");
        assert!(heard[0].contains("longer than 8 KiB") && !heard[0].contains("c0de"), "{heard:?}");
    }

    error_without_state_is_reported_at_once_and_the_sign_in_goes_on {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let notices = Notices::default();
        let told = notices.clone();
        let _browser = visited_when(&auth, error_alone, true, move || {
            assert!(await_true(SOON, || !told.texts().is_empty()), "not reported at once");
        });
        let client = scene.client(&auth);
        notices.hear(&client);
        client.ping().unwrap();
        let heard = notices.texts();
        assert_eq!(heard.len(), 1, "{heard:?}");
        for word in ["\"state\"", "(error \"invalid_request\")", "/callback", "goes on"] {
            assert!(heard[0].contains(word), "{}", heard[0]);
        }
        assert!(!heard[0].contains("no scope") && !heard[0].contains("no+scope"));
        assert_eq!(scene.authority.count(Step::Token), 1);
        scene.authority.has_no_complaint();
    }

    error_at_the_end_mentions_the_ignored_request {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_sign_in_timeout(2000).unwrap();
        let _browser = visited(&auth, error_alone, false);
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_TIMEOUT);
        for word in ["1 request to the redirect URL", "no \"state\"", "invalid_request"] {
            assert!(failure.message.contains(word), "{}", failure.message);
        }
        assert!(!failure.message.contains("no scope"), "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    each_request_that_cannot_belong_to_the_sign_in_is_reported {
        let cases: [(&str, Requests); 6] = [
            ("has no \"state\":", |redirect| vec![("GET", redirect.to_owned())]),
            ("has no \"state\":", |redirect| vec![("GET", format!("{redirect}?code=stolen"))]),
            ("has another \"state\" than this sign-in (error \"access_denied\")", |redirect| {
                vec![("GET", format!("{redirect}?state=AAAAAAAAAAA&error=access_denied"))]
            }),
            ("has more than one \"state\"", |redirect| {
                vec![("GET", format!("{redirect}?state=AAAAAAAAAAA&state=BBBBBBBBBB&code=stolen"))]
            }),
            ("is a POST", |redirect| vec![("POST", redirect.to_owned())]),
            ("(error \"?0mx?y\")", |redirect| {
                vec![("GET", format!("{redirect}?error=%1b0mx%20y"))]
            }),
        ];
        for (said, requests) in cases {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let _browser = visited(&auth, requests, true);
            let client = scene.client(&auth);
            let notices = Notices::of(&client);
            client.ping().unwrap();
            let heard = notices.texts();
            assert_eq!(heard.len(), 1, "{said}: {heard:?}");
            assert!(heard[0].contains(said) && !heard[0].contains("stolen"), "{said}: {heard:?}");
        }
    }

    other_requests_and_the_answer_are_not_reported {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let _browser = visited(&auth, |redirect| {
            let root = redirect.split("/callback").next().unwrap();
            vec![("GET", format!("{root}/favicon.ico")), ("GET", format!("{root}/")),
                 ("GET", format!("{root}/callback/more?error=x")), ("HEAD", redirect.to_owned())]
        }, true);
        let client = scene.client(&auth);
        let notices = Notices::of(&client);
        client.ping().unwrap();
        assert_eq!(notices.texts(), Vec::<String>::new());
    }

    flood_is_reported_once_a_second {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_sign_in_timeout(4000).unwrap();
        let _browser = visited(&auth, |redirect| {
            let plain = (0..40).map(|_| ("GET", redirect.to_owned()));
            plain.chain([("GET", format!("{redirect}?error=last_one"))]).collect()
        }, false);
        let client = scene.client(&auth);
        let notices = Notices::of(&client);
        let begun = Instant::now();
        let failure = scene.failure(client.ping());
        assert!(failure.message.contains("41 requests"), "{}", failure.message);
        let heard = notices.texts();
        let most = 2 + begun.elapsed().as_secs() as usize;
        assert!((2..=most).contains(&heard.len()), "{most}: {heard:?}");
        assert!(heard.last().unwrap().contains("last_one"), "when a second is over: {heard:?}");
    }

    started_request_reports_by_dispatch {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let _browser = visited(&auth, error_alone, true);
        let client = scene.client(&auth);
        let heard = EventLog::by(&client);
        let request = client.tool_request("echo", serde_json::json!({})).unwrap();
        request.start().unwrap();
        heard.awaits(&client, MCP_EVENT_SIGN_IN_NOTICE, 1);
        let begun = Instant::now();
        while request.status() == MCP_PENDING {
            assert!(begun.elapsed() < SOON);
            client.dispatch(20).unwrap();
        }
        assert_eq!(request.status(), 0);
        let threads: Vec<_> = heard.0.lock().unwrap().iter().map(|(thread, _)| *thread).collect();
        assert!(threads.iter().all(|thread| *thread == std::thread::current().id()));
    }

    call_inside_the_handler_does_not_wait_for_itself {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let _browser = visited(&auth, error_alone, true);
        let client = Arc::new(scene.client(&auth));
        let (inner, statuses) = (client.clone(), Arc::new(Mutex::new(Vec::new())));
        let seen = statuses.clone();
        client.set_event_handler(move |_| {
            seen.lock().unwrap().push(inner.ping().unwrap_err().status);
        }).unwrap();
        client.ping().unwrap();
        assert_eq!(*statuses.lock().unwrap(), [MCP_E_STATE]);
        client.take_event_handler().unwrap();
    }

    pasted_address_without_state_says_so {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::default();
        let seen = browser.clone();
        auth.set_browser(move |auth, url| {
            let redirect = seen.visit(url).unwrap();
            let address = redirect.split_once('?').unwrap().0;
            for (query, said) in [
                ("error=invalid_request&error_description=no+scope",
                 "no \"state\" (error \"invalid_request\")"),
                ("code=1&state=other", "another \"state\""),
            ] {
                let refused = auth.complete(&format!("{address}?{query}")).unwrap_err();
                assert_eq!(refused.status, MCP_E_STATE);
                assert!(refused.message.contains(said), "{}", refused.message);
                assert!(!refused.message.contains("no scope"));
            }
            auth.complete(&redirect).unwrap();
            0
        }).unwrap();
        scene.client(&auth).ping().unwrap();
    }
}
