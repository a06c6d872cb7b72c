//! Registrations that the server may have forgotten: a sign-in in which nobody
//! comes back replaces them, and the tokens that were issued to them stay.

use std::time::Duration;

use behaviour::auth::Auth;
use behaviour::authority::{Browser, Registered, Scene, Step};
use behaviour::constants::*;
use behaviour::{Cancel, Client, tests};
use serde_json::json;

use crate::dead_credentials::{ended, reply, with};
use crate::memory::Memory;

/// A sign-in in a browser to which nobody comes back.
fn abandoned(scene: &Scene, memory: &Memory) -> Browser {
    let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
    auth.set_store(memory.clone()).unwrap();
    auth.set_sign_in_timeout(300).unwrap();
    let browser = Browser::idle(&auth);
    let failure = scene.failure(scene.client(&auth).sign_in());
    assert_eq!(failure.status, MCP_E_TIMEOUT, "{}", failure.message);
    browser
}

tests! {
    registration_of_a_sign_in_without_an_answer_is_replaced {
        for way in ["timeout", "cancel", "close"] {
            let (scene, memory) = (Scene::new(), Memory::default());
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            auth.set_store(memory.clone()).unwrap();
            auth.set_sign_in_timeout(if way == "timeout" { 1000 } else { 60_000 }).unwrap();
            let idle = Browser::idle(&auth);
            let client = scene.client(&auth);
            let (request, cancel) = (client.request("ping", None).unwrap(), Cancel::new());
            request.set_cancel(&cancel);
            let failure = std::thread::scope(|scope| {
                let call = scope.spawn(|| scene.failure(request.perform()));
                idle.awaits(1);
                std::thread::sleep(Duration::from_millis(50));
                match way {
                    "cancel" => cancel.fire(),
                    "close" => client.close(),
                    _ => {}
                }
                call.join().unwrap()
            });
            let wanted = match way {
                "timeout" => MCP_E_TIMEOUT,
                "cancel" => MCP_E_CANCELLED,
                _ => MCP_E_CLOSED,
            };
            assert_eq!(failure.status, wanted, "{way}: {}", failure.message);
            assert_eq!(scene.authority.count(Step::Register), 1);
            let (client, _auth, _browser) = with(&scene, &memory);
            client.sign_in().unwrap();
            assert_eq!(scene.authority.count(Step::Register), 2, "{way}");
            // The one that led to an answer is kept.
            memory.remove("tokens");
            let (client, _auth, _browser) = with(&scene, &memory);
            client.sign_in().unwrap();
            assert_eq!(scene.authority.count(Step::Register), 2, "{way}");
            scene.authority.has_no_complaint();
        }
    }

    registration_of_a_killed_process_is_replaced {
        let (scene, folder) = (Scene::new(), std::env::temp_dir());
        let folder = folder.join(format!("mcp-killed-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let path = folder.join("tokens.json");
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "dead_registrations::child_process_waits_for_a_person"])
            .env("MCP_TEST_URL", scene.guarded.url())
            .env("MCP_TEST_STORE", &path)
            .stdout(std::process::Stdio::null())
            .spawn().unwrap();
        let is_shown = || folder.join("shown").exists();
        let is_there = mcp_test_server::await_true(behaviour::SOON, is_shown);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_there, "the page was not shown");
        let (auth, browser) = scene.person();
        auth.set_store_file(path.to_str().unwrap()).unwrap();
        scene.client(&auth).sign_in().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 2));
        let _ = std::fs::remove_dir_all(folder);
    }

    child_process_waits_for_a_person {
        // By itself it does nothing: another process runs it.
        let Ok(url) = std::env::var("MCP_TEST_URL") else { return };
        let store = std::env::var("MCP_TEST_STORE").unwrap();
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_store_file(&store).unwrap();
        let shown = std::path::Path::new(&store).with_file_name("shown");
        auth.set_browser(move |_, _| std::fs::write(&shown, "").map_or(1, |()| 0)).unwrap();
        let client = Client::of(&url);
        client.set_auth(Some(&auth)).unwrap();
        let _ = client.sign_in();
    }

    page_that_cannot_be_shown_says_nothing_about_the_registration {
        let (scene, memory) = (Scene::new(), Memory::default());
        for _ in 0..2 {
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            auth.set_store(memory.clone()).unwrap();
            auth.set_browser(|_, _| 7).unwrap();
            scene.failure(scene.client(&auth).sign_in());
        }
        assert_eq!(scene.authority.count(Step::Register), 1);
    }

    registration_stays_beside_its_tokens {
        for method in ["none", "client_secret_basic", "client_secret_post"] {
            let scene = Scene::new();
            scene.authority.set(|knobs| knobs.method = Some(method));
            let memory = ended(&scene);
            scene.authority.inject_always(Step::Refresh, reply(503, ""));
            // Two sign-ins without an answer replace the registration twice.
            abandoned(&scene, &memory);
            abandoned(&scene, &memory);
            assert_eq!(scene.authority.count(Step::Register), 2);
            scene.authority.serves(Step::Refresh);
            let (client, _auth, browser) = with(&scene, &memory);
            client.ping().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 3), "{method}");
            scene.authority.has_no_complaint();
        }
    }

    registration_of_an_earlier_version_stays_beside_its_tokens {
        let scene = Scene::new();
        scene.authority.set(|knobs| knobs.method = Some("client_secret_post"));
        let memory = ended(&scene);
        // As it was stored before there were these members.
        memory.set("tokens", "client_secret", json!(null));
        memory.set("tokens", "auth_method", json!(null));
        scene.authority.inject_always(Step::Refresh, reply(503, ""));
        abandoned(&scene, &memory);
        abandoned(&scene, &memory);
        assert_eq!(scene.authority.count(Step::Register), 2);
        scene.authority.serves(Step::Refresh);
        let (client, _auth, browser) = with(&scene, &memory);
        client.ping().unwrap();
        assert_eq!(browser.count(), 0);
        scene.authority.has_no_complaint();
    }

    given_client_id_is_never_discarded {
        let (scene, memory) = (Scene::new(), Memory::default());
        scene.authority.set(|knobs| knobs.given = vec![Registered::public("given")]);
        for is_idle in [true, false] {
            let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
            auth.set_store(memory.clone()).unwrap();
            auth.set_client("given", None).unwrap();
            auth.set_sign_in_timeout(if is_idle { 300 } else { 60_000 }).unwrap();
            let browser = if is_idle { Browser::idle(&auth) } else { Browser::of(&auth) };
            assert_eq!(scene.client(&auth).sign_in().is_err(), is_idle);
            assert_eq!(browser.asked().text("client_id"), "given");
        }
        assert_eq!(scene.authority.count(Step::Register), 0);
    }

    registration_in_doubt_is_used_where_there_is_no_other {
        let (scene, memory) = (Scene::new(), Memory::default());
        abandoned(&scene, &memory);
        scene.authority.set(|knobs| knobs.metadata = json!({"registration_endpoint": null}));
        let (client, _auth, browser) = with(&scene, &memory);
        client.sign_in().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 1));
    }

    sign_out_discards_a_registration_without_tokens {
        for is_known in [true, false] {
            let (scene, memory) = (Scene::new(), Memory::default());
            abandoned(&scene, &memory);
            if !is_known {
                // As an earlier version leaves it.
                memory.remove("endpoint");
            }
            assert_eq!(memory.count("registration"), 1);
            let (client, _auth, browser) = with(&scene, &memory);
            client.sign_out().unwrap();
            assert_eq!(memory.count(""), 0, "{is_known}");
            assert_eq!(scene.failure(client.sign_out()).status, MCP_E_NOT_FOUND);
            client.sign_in().unwrap();
            assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 2));
        }
    }
}
