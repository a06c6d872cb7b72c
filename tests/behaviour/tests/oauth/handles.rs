//! The mcp_auth handle: its lifetime, when options can be set, sign-in and
//! sign-out.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use behaviour::auth::Auth;
use behaviour::authority::{Authority, Browser, Key, Scene, Step};
use behaviour::constants::*;
use behaviour::{Client, SOON, c, raw, stdio_server, tests};
use serde_json::json;

/// Counts how often it is freed.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counted() -> (Counted, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    (Counted(count.clone()), count)
}

type Setter = fn(&Auth) -> behaviour::Outcome<()>;

fn setters() -> Vec<(&'static str, Setter)> {
    vec![
        ("client", |auth| auth.set_client("id", Some("secret"))),
        ("client_key", |auth| auth.set_client_key(&Key::es256().pem, None, None)),
        ("metadata_url", |auth| auth.set_metadata_url("https://app.example.com/client.json")),
        ("scope", |auth| auth.set_scope("a b")),
        ("issuer", |auth| auth.set_issuer("https://issuer.example.com")),
        ("redirect", |auth| auth.set_redirect("http://127.0.0.1/callback")),
        ("sign_in_timeout", |auth| auth.set_sign_in_timeout(1000)),
        ("assertion_file", |auth| auth.set_assertion_file("/nowhere/token")),
        ("assertion_variable", |auth| auth.set_assertion_variable("NOWHERE")),
        ("identity_provider", |auth| {
            auth.set_identity_provider("https://idp.example.com/token", "id", None)
        }),
        ("dpop", |auth| auth.set_dpop(1)),
        ("dpop_key", |auth| auth.set_dpop_key(&Key::es256().pem, Some("ES256"))),
        ("allow_private", |auth| auth.set_allow_private(true)),
        ("browser", |auth| auth.set_browser(|_, _| 0)),
        ("device_handler", |auth| auth.set_device_handler(|_, _| 0)),
    ]
}

tests! {
    options_can_be_set_before_use_and_not_after {
        let scene = Scene::new();
        let (_client, auth, _browser) = scene.signed_in();
        for (name, set) in setters() {
            set(&Auth::of(MCP_GRANT_AUTHORIZATION_CODE)).unwrap();
            let failure = scene.failure(set(&auth));
            assert_eq!(failure.status, MCP_E_STATE, "{name}: {}", failure.message);
        }
        // The user data of a refused handler is freed as well.
        let (held, count) = counted();
        auth.set_browser(move |_, _| { let _ = &held; 0 }).unwrap_err();
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    invalid_values_are_refused_by_their_setter {
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let wrong: Vec<(&str, behaviour::Outcome<()>)> = vec![
            ("id", auth.set_client("", None)),
            ("id", auth.set_client("a\nb", None)),
            ("secret", auth.set_client("a", Some("hunter2\r\nx: y"))),
            ("key", auth.set_client_key("hunter2 is no key", None, None)),
            ("algorithm", auth.set_client_key(&Key::es256().pem, Some("HS256"), None)),
            ("algorithm", auth.set_client_key(&Key::es256().pem, Some("none"), None)),
            ("algorithm", auth.set_client_key(&Key::es256().pem, Some("EdDSA"), None)),
            ("document", auth.set_metadata_url("http://app.example.com/client.json")),
            ("document", auth.set_metadata_url("https://app.example.com")),
            ("document", auth.set_metadata_url("https://app.example.com/c#x")),
            ("document", auth.set_metadata_url("https://u:p@app.example.com/c")),
            ("document", auth.set_metadata_url("https://app.example.com/../c")),
            ("issuer", auth.set_issuer("issuer")),
            ("issuer", auth.set_issuer("https://issuer.example.com/?x=y")),
            ("redirect", auth.set_redirect("http://app.example.com/back")),
            ("redirect", auth.set_redirect("javascript:alert(1)")),
            ("redirect", auth.set_redirect("/callback")),
            ("redirect", auth.set_redirect("http://127.0.0.1/back#x")),
            ("timeout", auth.set_sign_in_timeout(0)),
            ("timeout", auth.set_sign_in_timeout(-1)),
            ("dpop", auth.set_dpop(2)),
            ("dpop key", auth.set_dpop_key("x", None)),
            ("provider", auth.set_identity_provider("http://idp.example.com/", "id", None)),
            ("provider", auth.set_identity_provider("https://idp.example.com/", "", None)),
            ("scope", auth.set_scope("a\"b")),
        ];
        for (number, (name, outcome)) in wrong.into_iter().enumerate() {
            let failure = outcome.expect_err(
                &format!("{number}: {name}"));
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{number}: {name}");
            assert!(!failure.everything().contains("hunter2"), "{}", failure.message);
        }
        for grant in [0, 6, -1, i32::MAX] {
            assert_eq!(Auth::new(grant).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        }
    }

    null_is_refused {
        let nobody = ptr::null_mut();
        let (x, key) = (c("x"), c(&Key::es256().pem));
        let (auth, client) = (Auth::of(MCP_GRANT_AUTHORIZATION_CODE), Client::of("http://127.0.0.1:9/mcp"));
        unsafe {
            for status in [
                raw::mcp_client_set_auth(ptr::null_mut(), auth.0),
                raw::mcp_sign_in(ptr::null_mut()),
                raw::mcp_sign_out(ptr::null_mut()),
                raw::mcp_auth_set_client(nobody, x.as_ptr(), ptr::null()),
                raw::mcp_auth_set_client(auth.0, ptr::null(), ptr::null()),
                raw::mcp_auth_set_client_key(nobody, key.as_ptr(), ptr::null(), ptr::null()),
                raw::mcp_auth_set_client_key(auth.0, ptr::null(), ptr::null(), ptr::null()),
                raw::mcp_auth_set_client_metadata_url(nobody, x.as_ptr()),
                raw::mcp_auth_set_scope(nobody, x.as_ptr()),
                raw::mcp_auth_set_issuer(nobody, x.as_ptr()),
                raw::mcp_auth_set_redirect_url(nobody, x.as_ptr()),
                raw::mcp_auth_set_browser(nobody, None, ptr::null_mut(), None),
                raw::mcp_auth_set_device_handler(nobody, None, ptr::null_mut(), None),
                raw::mcp_auth_set_sign_in_timeout(nobody, 1),
                raw::mcp_auth_complete(nobody, x.as_ptr()),
                raw::mcp_auth_complete(auth.0, ptr::null()),
                raw::mcp_open_browser(ptr::null_mut(), ptr::null_mut(), ptr::null()),
                raw::mcp_auth_set_assertion_handler(nobody, None, ptr::null_mut(), None),
                raw::mcp_assertion_from_file(ptr::null_mut(), nobody, ptr::null_mut()),
                raw::mcp_assertion_from_variable(ptr::null_mut(), nobody, ptr::null_mut()),
                raw::mcp_assertion_set_token(ptr::null_mut(), x.as_ptr(), 1),
                raw::mcp_store_entry_set_data(ptr::null_mut(), x.as_ptr(), 1),
                raw::mcp_auth_set_identity_provider(nobody, x.as_ptr(), x.as_ptr(), ptr::null()),
                raw::mcp_auth_set_identity_provider(auth.0, ptr::null(), x.as_ptr(), ptr::null()),
                raw::mcp_auth_set_dpop(nobody, 1),
                raw::mcp_auth_set_dpop_key(nobody, key.as_ptr(), ptr::null()),
                raw::mcp_auth_set_store(nobody, None, None, None, ptr::null_mut(), None),
                raw::mcp_auth_set_store_file(nobody, ptr::null()),
                raw::mcp_auth_set_allow_private(nobody, 1),
            ] {
                assert_eq!(status, MCP_E_INVALID_ARGUMENT);
            }
            raw::mcp_auth_free(ptr::null_mut());
            for status in [
                raw::mcp_auth_set_scope(auth.0, ptr::null()),
                raw::mcp_auth_set_issuer(auth.0, ptr::null()),
                raw::mcp_auth_set_redirect_url(auth.0, ptr::null()),
                raw::mcp_auth_set_client_metadata_url(auth.0, ptr::null()),
                raw::mcp_auth_set_dpop_key(auth.0, ptr::null(), ptr::null()),
                raw::mcp_auth_set_assertion_handler(auth.0, None, ptr::null_mut(), None),
                raw::mcp_auth_set_browser(auth.0, None, ptr::null_mut(), None),
                raw::mcp_auth_set_device_handler(auth.0, None, ptr::null_mut(), None),
                raw::mcp_auth_set_store(auth.0, None, None, None, ptr::null_mut(), None),
                raw::mcp_client_set_auth(client.0, ptr::null_mut()),
            ] {
                assert_eq!(status, 0, "NULL takes away");
            }
        }
    }

    store_needs_all_its_callbacks {
        unsafe extern "C" fn forget(
            _: *mut c_void,
            _: *mut raw::mcp_auth,
            _: *mut raw::mcp_store_entry,
        ) -> i32 {
            0
        }
        unsafe extern "C" fn free(userdata: *mut c_void) {
            unsafe { (*(userdata as *const AtomicUsize)).fetch_add(1, Ordering::SeqCst) };
        }
        let (auth, count) = (Auth::of(MCP_GRANT_AUTHORIZATION_CODE), AtomicUsize::new(0));
        let userdata = ptr::from_ref(&count).cast_mut().cast();
        let status = unsafe {
            raw::mcp_auth_set_store(auth.0, None, None, Some(forget), userdata, Some(free))
        };
        assert_eq!((status, count.load(Ordering::SeqCst)), (MCP_E_INVALID_ARGUMENT, 1));
    }

    authorization_may_be_freed_after_it_was_set {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let (one, two) = (scene.client(&auth), scene.client(&auth));
        drop(auth);
        one.ping().unwrap();
        drop(one);
        two.ping().unwrap();
        assert_eq!(browser.count(), 1);
    }

    user_data_is_freed_once_with_its_last_owner {
        let scene = Scene::new();
        let (held, count) = counted();
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        auth.set_assertion_handler(move |_| { let _ = &held; None }).unwrap();
        let client = scene.client(&auth);
        scene.failure(client.ping());
        drop(auth);
        assert_eq!(count.load(Ordering::SeqCst), 0);
        drop(client);
        assert_eq!(count.load(Ordering::SeqCst), 1);
        // One that is replaced goes at once.
        let (first, old) = counted();
        let (second, new) = counted();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_browser(move |_, _| { let _ = &first; 0 }).unwrap();
        auth.set_browser(move |_, _| { let _ = &second; 0 }).unwrap();
        assert_eq!((old.load(Ordering::SeqCst), new.load(Ordering::SeqCst)), (1, 0));
        drop(auth);
        assert_eq!(new.load(Ordering::SeqCst), 1);
    }

    stdio_server_has_no_oauth {
        let peer = stdio_server!("--stateless");
        let (client, auth) = (peer.client(), Auth::of(MCP_GRANT_AUTHORIZATION_CODE));
        assert_eq!(client.set_auth(Some(&auth)).unwrap_err().status, MCP_E_UNSUPPORTED);
        for outcome in [client.sign_in(), client.sign_out()] {
            assert_eq!(outcome.unwrap_err().status, MCP_E_UNSUPPORTED);
        }
    }

    authorization_header_excludes_oauth {
        let (client, auth) = (Client::of("http://127.0.0.1:9/mcp"), Auth::of(MCP_GRANT_AUTHORIZATION_CODE));
        client.set_header("Authorization", Some("Basic eDp5")).unwrap();
        assert_eq!(client.set_auth(Some(&auth)).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        client.set_header("Authorization", None).unwrap();
        client.set_auth(Some(&auth)).unwrap();
        let failure = client.set_header("Authorization", Some("Basic eDp5")).unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        client.set_auth(None).unwrap();
        client.set_header("Authorization", Some("Basic eDp5")).unwrap();
    }

    oauth_and_token_replace_each_other {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let client = scene.client(&auth);
        client.set_token(Some("token-that-is-not-used")).unwrap();
        assert_eq!(scene.failure(client.ping()).status, MCP_E_UNAUTHORIZED);
        assert_eq!(browser.count(), 0);
        client.set_auth(Some(&auth)).unwrap();
        client.ping().unwrap();
        assert_eq!(browser.count(), 1);
        client.set_auth(None).unwrap();
        assert_eq!(scene.failure(client.ping()).status, MCP_E_UNAUTHORIZED);
        assert_eq!(client.sign_in().unwrap_err().status, MCP_E_UNSUPPORTED);
    }

    declared_grant_is_set_before_connecting {
        let served = behaviour::HttpServer::stateless();
        let client = served.client();
        client.connect().unwrap();
        for grant in [MCP_GRANT_CLIENT_CREDENTIALS, MCP_GRANT_TOKEN_EXCHANGE, MCP_GRANT_JWT_BEARER] {
            let failure = client.set_auth(Some(&Auth::of(grant))).unwrap_err();
            assert_eq!(failure.status, MCP_E_STATE);
        }
        client.set_auth(Some(&Auth::of(MCP_GRANT_AUTHORIZATION_CODE))).unwrap();
        client.ping().unwrap();
    }

    sign_in_works_before_a_401 {
        let scene = Scene::new();
        let (auth, browser) = scene.person();
        let client = scene.client(&auth);
        client.sign_in().unwrap();
        client.sign_in().unwrap();
        assert_eq!(browser.count(), 1, "a good token is kept");
        assert_eq!(scene.guarded.calls().iter().filter(|one| {
            one.header("authorization").is_some()
        }).count(), 0);
        client.ping().unwrap();
        assert_eq!(browser.count(), 1);
        scene.authority.has_no_complaint();
    }

    sign_in_without_an_authorization_server_is_an_error {
        let served = behaviour::HttpServer::stateless();
        let client = served.client();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let browser = Browser::of(&auth);
        client.set_auth(Some(&auth)).unwrap();
        assert_eq!(client.sign_in().unwrap_err().status, MCP_E_AUTH);
        assert_eq!(browser.count(), 0);
    }

    sign_out_revokes_and_deletes_tokens {
        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        client.sign_out().unwrap();
        let forms = scene.authority.forms(Step::Revoke);
        let hints: Vec<_> = forms.iter().map(|form| form.text("token_type_hint")).collect();
        assert_eq!(hints, ["refresh_token", "access_token"]);
        assert!(forms[0].text("token").starts_with("rt-"), "{forms:?}");
        assert_eq!(scene.authority.tokens().len(), 0);
        assert_eq!(scene.failure(client.sign_out()).status, MCP_E_NOT_FOUND);
        client.ping().unwrap();
        // The registration is discarded with the tokens.
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (2, 2));
        scene.authority.has_no_complaint();
    }

    sign_out_without_revocation_endpoint_deletes_tokens {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.metadata = json!({"revocation_endpoint": null}));
        let (client, _auth, browser) = scene.signed_in();
        client.sign_out().unwrap();
        client.ping().unwrap();
        assert_eq!(browser.count(), 2);

        let scene = Scene::new();
        let (client, _auth, browser) = scene.signed_in();
        scene.authority.inject_always(Step::Revoke, vec![mcp_test_server::Action::Send(
            mcp_test_server::http::reply(503, &[], b""))]);
        let failure = scene.failure(client.sign_out());
        assert_eq!(failure.status, MCP_E_UNAVAILABLE, "{}", failure.message);
        client.ping().unwrap();
        assert_eq!(browser.count(), 2, "it is forgotten all the same");
    }

    revocation_is_authenticated_as_the_token_request_was {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.method = Some("client_secret_basic"));
        let (client, _auth, _browser) = scene.signed_in();
        client.sign_out().unwrap();
        let revoked = scene.authority.of(Step::Revoke);
        assert!(revoked.iter().all(|one| one.header("authorization").is_some()));
        scene.authority.has_no_complaint();
    }

    second_authorization_server_gets_no_credential_of_the_first {
        let (scene, other) = (Scene::new(), Authority::new());
        scene.has_other(other.log());
        scene.authority.set(|knobs| knobs.method = Some("client_secret_post"));
        other.set(|knobs| knobs.method = Some("client_secret_post"));
        let (client, _auth, browser) = scene.signed_in();
        scene.guarded.set(|wall| wall.trusts = other.core.clone());
        client.ping().unwrap();
        assert_eq!((browser.count(), other.count(Step::Register)), (2, 1));
        assert_eq!(scene.authority.count(Step::Refresh), 0);
        other.has_no_complaint();
        scene.authority.has_no_complaint();
        // And back: what was got there is still known.
        scene.guarded.set(|wall| wall.trusts = scene.authority.core.clone());
        client.ping().unwrap();
        assert_eq!(scene.authority.count(Step::Register), 1);
        other.has_no_complaint();
    }

    token_is_sent_to_its_own_resource_only {
        let scene = Scene::new();
        let second = behaviour::authority::Guarded::new(scene.authority.core.clone());
        let (_client, auth, browser) = scene.signed_in();
        let client = Client::of(&second.url());
        client.set_auth(Some(&auth)).unwrap();
        client.ping().unwrap();
        assert_eq!(browser.count(), 2);
        let first: Vec<_> = second.calls().iter().filter_map(|one| {
            one.header("authorization").map(str::to_owned)
        }).collect();
        let tokens = scene.authority.tokens();
        let own = tokens.iter().find(|(_, token)| token.resource == second.url()).unwrap();
        assert!(first.iter().all(|header| *header == format!("Bearer {}", own.0)), "{first:?}");
        assert_eq!(scene.authority.count(Step::Register), 1, "one registration for both");
        scene.authority.has_no_complaint();
    }

    callback_that_needs_its_own_exchange_is_an_error_and_no_deadlock {
        let scene = Scene::new();
        // Both a client that is connected and one that is not.
        let (auth, browser) = (Auth::of(MCP_GRANT_AUTHORIZATION_CODE), Browser::default());
        let clients = Arc::new([scene.client(&auth), scene.client(&auth)]);
        let (inner, seen) = (Arc::downgrade(&clients), browser.clone());
        let told = Arc::new(AtomicUsize::new(0));
        let status = told.clone();
        auth.set_browser(move |auth, url| {
            seen.note(url);
            let failure = inner.upgrade().unwrap()[1].ping().unwrap_err();
            status.store(failure.status as usize, Ordering::SeqCst);
            auth.complete(&seen.visit(url).unwrap()).map_or(1, |()| 0)
        }).unwrap();
        clients[0].ping().unwrap();
        assert_eq!(told.swap(0, Ordering::SeqCst), MCP_E_STATE as usize);
        clients[1].ping().unwrap();
        scene.authority.expire();
        scene.authority.forget_refresh_tokens();
        clients[1].ping().unwrap();
        assert_eq!(told.load(Ordering::SeqCst), MCP_E_STATE as usize);
        assert_eq!(browser.count(), 2);
    }

    handler_during_a_sign_in_does_not_wait_for_it {
        let scene = Scene::new();
        let (auth, browser) = (Auth::of(MCP_GRANT_AUTHORIZATION_CODE), Browser::default());
        let client = Arc::new(scene.client(&auth));
        let (told, heard) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (inner, status) = (Arc::downgrade(&client), told.clone());
        let count = heard.clone();
        client.set_event_handler(move |event| {
            if event.kind == MCP_EVENT_TOOLS_CHANGED
                && count.fetch_add(1, Ordering::SeqCst) == 0
                && let Err(failure) = inner.upgrade().unwrap().ping()
            {
                status.store(failure.status as usize, Ordering::SeqCst);
            }
        }).unwrap();
        let (mcp, seen, hears) = (scene.guarded.mcp.clone(), browser.clone(), heard.clone());
        auth.set_browser(move |_, url| {
            seen.note(url);
            let (mcp, seen, url) = (mcp.clone(), seen.clone(), url.to_owned());
            let hears = hears.clone();
            let is_first = seen.count() == 1;
            std::thread::spawn(move || {
                if !is_first {
                    mcp.notify("notifications/tools/list_changed", json!({}));
                    mcp_test_server::await_true(SOON, || hears.load(Ordering::SeqCst) > 0);
                }
                let redirect = seen.visit(&url).expect("a redirect");
                seen.follow(&redirect);
            });
            0
        }).unwrap();
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        client.ping().unwrap();
        assert!(scene.guarded.mcp.await_listeners(1, SOON));
        // In this order: a client that listens could renew its token in between.
        scene.authority.forget_refresh_tokens();
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!(told.load(Ordering::SeqCst), MCP_E_STATE as usize);
        assert_eq!((browser.count(), heard.load(Ordering::SeqCst)), (2, 1));
    }
}
