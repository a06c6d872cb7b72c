//! Authorization responses, to the listener or pasted by a person, and which of
//! them are refused.

use std::time::Duration;

use behaviour::auth::Auth;
use behaviour::authority::form::{self, encode};
use behaviour::authority::{Browser, Form, Iss, Scene, Step};
use behaviour::constants::*;
use behaviour::tests;

/// A query with one value in place of another.
fn with(redirect: &str, name: &str, value: &str) -> String {
    let (address, _) = redirect.split_once('?').unwrap();
    let pairs = Form::of_url(redirect).0.into_iter().map(|(other, old)| {
        let value = if other == name { value } else { &old };
        format!("{other}={}", encode(value))
    });
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

fn without(redirect: &str, name: &str) -> String {
    let (address, _) = redirect.split_once('?').unwrap();
    let pairs = Form::of_url(redirect).0.into_iter().filter(|(other, _)| other != name);
    let pairs = pairs.map(|(name, value)| format!("{name}={}", encode(&value)));
    format!("{address}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// A browser that first does something with the redirect, then goes there.
fn first(auth: &Auth, then: impl Fn(&str) + Send + Sync + Clone + 'static) -> Browser {
    let browser = Browser::default();
    let seen = browser.clone();
    auth.set_browser(move |_, url| {
        seen.note(url);
        let (seen, url, then) = (seen.clone(), url.to_owned(), then.clone());
        std::thread::spawn(move || {
            if let Some(redirect) = seen.visit(&url) {
                then(&redirect);
                seen.follow(&redirect);
            }
        });
        0
    })
    .unwrap();
    browser
}

/// What comes of a flag and an `iss`.
fn said(flag: bool, iss: Iss) -> (Scene, behaviour::Outcome<()>) {
    let scene = Scene::new();
    scene.authority.set(|knobs| {
        knobs.says_iss = flag;
        knobs.iss = iss;
    });
    let (auth, _browser) = scene.person();
    let outcome = scene.client(&auth).ping();
    (scene, outcome)
}

tests! {
    matching_iss_is_accepted {
        for flag in [true, false] {
            let (scene, outcome) = said(flag, Iss::Right);
            outcome.unwrap();
            scene.authority.has_no_complaint();
        }
    }

    iss_may_be_absent_unless_announced {
        said(false, Iss::Absent).1.unwrap();
        let (scene, outcome) = said(true, Iss::Absent);
        assert_eq!(scene.failure(outcome).status, MCP_E_UNTRUSTED);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    iss_of_another_issuer_is_refused_before_sending {
        for flag in [true, false] {
            for change in [
                (|issuer: &str| format!("{issuer}/")) as fn(&str) -> String,
                |issuer| issuer.to_uppercase(),
                |_| "https://evil.example.com".into(),
                |_| String::new(),
                |issuer| format!("{issuer}:80"),
            ] {
                let scene = Scene::new();
                let iss = change(&scene.authority.issuer());
                scene.authority.set(|knobs| {
                    knobs.says_iss = flag;
                    knobs.iss = Iss::Is(iss.clone());
                });
                let (auth, browser) = scene.person();
                let failure = scene.failure(scene.client(&auth).ping());
                assert_eq!(failure.status, MCP_E_UNTRUSTED, "{flag} {iss}: {}", failure.message);
                assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 0), "{iss}");
            }
        }
    }

    error_of_another_issuer_is_not_shown {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.iss = Iss::Is("https://evil.example.com".into());
            knobs.answer = vec![("code", None), ("error", Some("access_denied".into())),
                ("error_description", Some("call 555 now".into()))];
        });
        let (auth, _browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_UNTRUSTED);
        assert!(!failure.message.contains("555") && !failure.message.contains("access_denied"));
    }

    access_denied_is_a_denied_error {
        let scene = Scene::new();
        scene.authority.set(|knobs| {
            knobs.answer = vec![("code", None), ("error", Some("access_denied".into())),
                ("error_description", Some("not\ntoday \"now\" é".into()))];
        });
        let (auth, browser) = scene.person();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_DENIED, "{}", failure.message);
        assert!(failure.message.contains("access_denied"), "{}", failure.message);
        assert!(!failure.message.contains('\n') && !failure.message.contains('é'));
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (1, 0));
        assert_eq!(browser.page().status, 200, "the person sees the page all the same");
    }

    redirect_errors_have_their_statuses {
        for (code, status) in [
            ("invalid_request", MCP_E_AUTH), ("unauthorized_client", MCP_E_AUTH),
            ("unsupported_response_type", MCP_E_AUTH), ("invalid_scope", MCP_E_AUTH),
            ("invalid_target", MCP_E_AUTH), ("something_new", MCP_E_AUTH),
            ("server_error", MCP_E_UNAVAILABLE), ("temporarily_unavailable", MCP_E_UNAVAILABLE),
            ("login_required", MCP_E_UNAVAILABLE), ("consent_required", MCP_E_UNAVAILABLE),
        ] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.answer = vec![("code", None), ("error", Some(code.into()))];
            });
            let (auth, browser) = scene.person();
            let failure = scene.failure(scene.client(&auth).ping());
            assert_eq!(failure.status, status, "{code}: {}", failure.message);
            assert!(failure.message.contains(code), "{}", failure.message);
            assert_eq!(browser.count(), 1, "{code}: no second try");
        }
    }

    response_without_a_usable_code_is_an_error {
        for code in [None, Some(String::new()), Some("x".repeat(5000))] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.answer = vec![("code", code.clone())]);
            let (auth, _browser) = scene.person();
            let failure = scene.failure(scene.client(&auth).ping());
            assert!([MCP_E_PROTOCOL, MCP_E_AUTH, MCP_E_UNTRUSTED].contains(&failure.status),
                "{}", failure.message);
            assert_eq!(scene.authority.count(Step::Token), 0);
        }
    }

    repeated_parameter_is_refused {
        for extra in ["code=other", "iss=https%3A%2F%2Fx"] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            Browser::pastes(&auth, move |redirect| format!("{redirect}&{extra}"));
            let failure = scene.failure(scene.client(&auth).ping());
            assert!([MCP_E_UNTRUSTED, MCP_E_AUTH, MCP_E_PROTOCOL].contains(&failure.status),
                "{extra}: {}", failure.message);
            assert_eq!(scene.authority.count(Step::Token), 0);
        }
    }

    listener_ignores_unrelated_requests {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = first(&auth, |redirect| {
            let root = redirect.split("/callback").next().unwrap();
            for (url, wanted) in [
                (format!("{root}/favicon.ico"), 404),
                (format!("{root}/callback/more?state=x"), 404),
                (with(redirect, "state", "AAAAAAAAAAAAAAAAAAAAAA"), 0),
                (without(redirect, "state"), 0),
                (format!("{root}/callback"), 0),
            ] {
                let page = form::get(&url).unwrap();
                assert!(wanted == 0 || page.status == wanted, "{url}: {}", page.status);
            }
            // A name that was made to lead here.
            let page = form::send("GET", redirect, Some("evil.example.com")).unwrap();
            assert!(page.status >= 400, "{}", page.status);
            let page = form::send("POST", redirect, None).unwrap();
            assert!(page.status >= 400, "{}", page.status);
            form::send("HEAD", redirect, None).unwrap();
        });
        scene.client(&auth).ping().unwrap();
        assert_eq!(browser.page().status, 200, "all of them were answered");
        assert_eq!(scene.authority.count(Step::Token), 1);
        scene.authority.has_no_complaint();
    }

    wrong_state_is_ignored {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.answer = vec![("state", Some("A".repeat(22)))]);
        let (auth, _browser) = scene.person();
        auth.set_sign_in_timeout(600).unwrap();
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
        assert_eq!(scene.authority.count(Step::Token), 0);
    }

    pasted_response_may_be_the_url_or_its_query {
        for form in [
            (|redirect: &str| redirect.to_owned()) as fn(&str) -> String,
            |redirect| redirect.split_once('?').unwrap().1.to_owned(),
            |redirect| format!("?{}", redirect.split_once('?').unwrap().1),
        ] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            let browser = Browser::pastes(&auth, form);
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.count(), 1);
            scene.authority.has_no_complaint();
        }
    }

    unrelated_pasted_response_is_an_error_and_the_wait_continues {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        assert_eq!(auth.complete("http://127.0.0.1/callback?state=x").unwrap_err().status,
            MCP_E_STATE);
        let browser = Browser::default();
        let seen = browser.clone();
        auth.set_browser(move |auth, url| {
            seen.note(url);
            let redirect = seen.visit(url).unwrap();
            for wrong in [with(&redirect, "state", "AAAAAAAAAAAAAAAAAAAAAA"),
                          without(&redirect, "state"), "code=x".into()] {
                assert_eq!(auth.complete(&wrong).unwrap_err().status, MCP_E_STATE, "{wrong}");
            }
            auth.complete(&redirect).unwrap();
            // The first answer counts; the second waits for nobody.
            assert_eq!(auth.complete(&redirect).unwrap_err().status, MCP_E_STATE);
            0
        }).unwrap();
        scene.client(&auth).ping().unwrap();
        assert_eq!(scene.authority.count(Step::Token), 1);
        let old = browser.redirects().pop().unwrap();
        assert_eq!(auth.complete(&old).unwrap_err().status, MCP_E_STATE, "a state serves once");
        scene.authority.has_no_complaint();
    }

    response_may_be_completed_by_another_thread {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::idle(&auth);
        let client = scene.client(&auth);
        std::thread::scope(|scope| {
            let call = scope.spawn(|| client.ping());
            browser.awaits(1);
            let redirect = browser.visit(&browser.urls()[0]).unwrap();
            std::thread::sleep(Duration::from_millis(100));
            assert!(!call.is_finished());
            auth.complete(&redirect).unwrap();
            call.join().unwrap().unwrap();
        });
    }

    private_scheme_and_https_redirects_are_pasted {
        for redirect in ["com.example.app:/callback", "https://app.example.com/back?x=1"] {
            let scene = Scene::new();
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            auth.set_redirect(redirect).unwrap();
            let browser = Browser::pastes(&auth, str::to_owned);
            scene.client(&auth).ping().unwrap();
            assert_eq!(browser.asked().text("redirect_uri"), redirect);
            let asked = scene.authority.of(Step::Register)[0].json();
            let is_web = redirect.starts_with("https://");
            assert_eq!(asked["application_type"], if is_web { "web" } else { "native" });
            scene.authority.has_no_complaint();
        }
    }

    pasted_response_for_another_redirect_url_is_refused {
        let scene = Scene::new();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_redirect("com.example.app:/callback").unwrap();
        let browser = Browser::default();
        let seen = browser.clone();
        auth.set_browser(move |auth, url| {
            let redirect = seen.visit(url).unwrap();
            let query = redirect.split_once('?').unwrap().1;
            let elsewhere = format!("com.evil.app:/callback?{query}");
            let told = auth.complete(&elsewhere).map_or_else(|failure| failure.status, |()| 0);
            assert!([MCP_E_STATE, MCP_E_INVALID_ARGUMENT].contains(&told), "{told}");
            auth.complete(&redirect).unwrap();
            0
        }).unwrap();
        scene.client(&auth).ping().unwrap();
    }

    verifier_and_state_are_new_for_each_sign_in {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        client.ping().unwrap();
        let urls = browser.urls();
        let [one, two] = [Form::of_url(&urls[0]), Form::of_url(&urls[1])];
        for name in ["state", "code_challenge"] {
            assert_ne!(one.text(name), two.text(name));
            assert!(one.text(name).len() >= 22);
        }
    }

    authorization_url_without_http_is_never_opened {
        for endpoint in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x",
                         "http://authority.example.com/authorize", "custom:go",
                         "https://user:pass@authority.example.com/", "https://h/a b",
                         "https://h/\u{202e}"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| {
                knobs.metadata = serde_json::json!({"authorization_endpoint": endpoint});
            });
            let (auth, browser) = scene.person();
            let failure = scene.failure(scene.client(&auth).ping());
            assert!([MCP_E_UNTRUSTED, MCP_E_INSECURE, MCP_E_AUTH].contains(&failure.status),
                "{endpoint}: {}", failure.message);
            assert_eq!(browser.count(), 0, "{endpoint}");
        }
    }

    query_of_the_authorization_endpoint_is_kept {
        let scene = Scene::new();
        let endpoint = format!("{}/authorize?tenant=a%2Fb", scene.authority.base());
        scene.authority.set(|knobs| {
            knobs.metadata = serde_json::json!({"authorization_endpoint": endpoint});
        });
        let (_client, _auth, browser) = scene.signed_in();
        assert!(browser.urls()[0].starts_with(&format!("{endpoint}&")), "{:?}", browser.urls());
        assert_eq!(browser.asked().text("tenant"), "a/b");
    }
}
