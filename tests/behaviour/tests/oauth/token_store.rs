//! Token stores: callbacks of the application, callbacks that fail, and a file
//! that several handles or processes share.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use behaviour::auth::{Auth, Failed, Store};
use behaviour::authority::{Scene, Step};
use behaviour::constants::*;
use behaviour::tests;

use crate::waiting_call;

/// A store in memory, and what is wrong with it.
#[derive(Clone, Default)]
struct Kept(Arc<Inner>);

#[derive(Default)]
struct Inner {
    all: Mutex<HashMap<String, Vec<u8>>>,
    fails_load: AtomicBool,
    fails_save: AtomicBool,
    fails_forget: AtomicBool,
    /// Milliseconds.
    takes: AtomicUsize,
    inside: AtomicUsize,
    at_once: AtomicUsize,
}

impl Kept {
    fn enter<T>(&self, fails: &AtomicBool, act: impl FnOnce() -> T) -> Result<T, Failed> {
        let inside = self.0.inside.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.at_once.fetch_max(inside, Ordering::SeqCst);
        // Until it takes no longer.
        let (start, takes) = (Instant::now(), || self.0.takes.load(Ordering::SeqCst) as u64);
        while start.elapsed() < Duration::from_millis(takes()) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let given = if fails.load(Ordering::SeqCst) { Err(Failed) } else { Ok(act()) };
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
        given
    }

    fn count(&self) -> usize {
        self.0.all.lock().unwrap().len()
    }

    fn change(&self, change: impl Fn(&str) -> String) {
        for data in self.0.all.lock().unwrap().values_mut() {
            *data = change(&String::from_utf8(data.clone()).unwrap()).into_bytes();
        }
    }
}

impl Store for Kept {
    fn load(&self, key: &str) -> Result<Option<Vec<u8>>, Failed> {
        self.enter(&self.0.fails_load, || self.0.all.lock().unwrap().get(key).cloned())
    }

    fn save(&self, key: &str, data: &[u8]) -> Result<(), Failed> {
        self.enter(&self.0.fails_save, || {
            self.0.all.lock().unwrap().insert(key.to_owned(), data.to_vec());
        })
    }

    fn forget(&self, key: &str) -> Result<(), Failed> {
        self.enter(&self.0.fails_forget, || {
            self.0.all.lock().unwrap().remove(key);
        })
    }
}

/// A file in a folder of its own, which goes with it.
struct File(PathBuf);

impl File {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("mcp-store-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // A process that had the same number may have been killed.
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder.join("tokens.json"))
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.0).unwrap()
    }

    fn mode(&self, of: &std::path::Path) -> u32 {
        std::fs::metadata(of).unwrap().permissions().mode() & 0o777
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// A person, whose tokens are kept there.
fn with(scene: &Scene, kept: &Kept) -> (Auth, behaviour::authority::Browser) {
    let (auth, browser) = scene.person();
    auth.set_store(kept.clone()).unwrap();
    (auth, browser)
}

fn with_file(scene: &Scene, file: &File) -> (Auth, behaviour::authority::Browser) {
    let (auth, browser) = scene.person();
    auth.set_store_file(file.path()).unwrap();
    (auth, browser)
}

/// What comes of a file: it may be refused when it is set, or when it is used.
fn used(scene: &Scene, file: &File) -> behaviour::Outcome<()> {
    let (auth, browser) = scene.person();
    auth.set_store_file(file.path())?;
    let client = scene.client(&auth);
    let outcome = client.ping().and_then(|()| client.sign_in());
    assert_eq!(browser.count(), 0);
    outcome
}

tests! {
    call_that_waits_for_the_store_in_another_call_ends_by_its_own_limits {
        let endings = [MCP_E_TIMEOUT, MCP_E_CANCELLED, MCP_E_CLOSED, 0];
        for waiting in waiting_call::calls(&endings) {
            let (scene, store) = (Scene::new(), Kept::default());
            let takes = if waiting.ending == 0 { 100 } else { 30_000 };
            store.0.takes.store(takes, Ordering::SeqCst);
            let (auth, _browser) = with(&scene, &store);
            let is_inside = || store.0.inside.load(Ordering::SeqCst) == 1;
            let release = || store.0.takes.store(0, Ordering::SeqCst);
            waiting.ends(&scene.client(&auth), &scene.client(&auth), is_inside, release);
            assert_eq!(store.0.at_once.load(Ordering::SeqCst), 1);
        }
    }

    stored_token_is_used_by_the_next_run {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, browser) = with(&scene, &kept);
        scene.client(&auth).ping().unwrap();
        assert_eq!(browser.count(), 1);
        drop(auth);
        let before = scene.guarded.log().count();
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Token)), (0, 1));
        let first = &scene.guarded.log().requests()[before];
        assert!(first.header("authorization").is_some(), "without a refusal before");
        assert_eq!(kept.0.at_once.load(Ordering::SeqCst), 1);
        // And renews it.
        scene.authority.expire();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (0, 1));
        scene.authority.has_no_complaint();
    }

    token_is_not_stored_without_a_store {
        let scene = Scene::new();
        scene.signed_in();
        let (_client, _auth, browser) = scene.signed_in();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 2));
    }

    sign_out_deletes_tokens_and_registration {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, _browser) = with(&scene, &kept);
        scene.client(&auth).ping().unwrap();
        drop(auth);
        // Also of what an earlier run has left.
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.sign_out().unwrap();
        assert_eq!((scene.authority.count(Step::Revoke), kept.count()), (2, 0));
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Register)), (1, 2));
    }

    failed_save_ends_no_call {
        let (scene, kept) = (Scene::new(), Kept::default());
        kept.0.fails_save.store(true, Ordering::SeqCst);
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.ping().unwrap();
        client.ping().unwrap();
        assert_eq!((browser.count(), kept.count()), (1, 0));
        assert!(client.count(MCP_COUNTER_STORE_FAILURES) >= 1);
        let failure = scene.failure(client.sign_in());
        assert!(failure.message.contains("98"), "{}", failure.message);
        kept.0.fails_save.store(false, Ordering::SeqCst);
        client.ping().unwrap();
        assert_eq!(browser.count(), 1);
    }

    failed_load_ends_only_a_call_without_a_token {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.ping().unwrap();
        kept.0.fails_load.store(true, Ordering::SeqCst);
        client.ping().unwrap();
        // A person who has signed in before is not asked for that.
        let (auth, again) = with(&scene, &kept);
        let failure = scene.failure(scene.client(&auth).ping());
        assert_eq!(failure.status, MCP_E_AUTH, "{}", failure.message);
        assert!(failure.message.contains("97"), "{}", failure.message);
        assert_eq!((browser.count(), again.count()), (1, 0));
    }

    failed_delete_is_an_error_of_sign_out {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.ping().unwrap();
        kept.0.fails_forget.store(true, Ordering::SeqCst);
        let failure = scene.failure(client.sign_out());
        assert!(failure.message.contains("99"), "{}", failure.message);
        kept.0.fails_forget.store(false, Ordering::SeqCst);
        client.ping().unwrap();
        assert_eq!(browser.count(), 2);
    }

    malformed_entry_is_an_error_and_is_not_overwritten {
        for change in [
            (|_: &str| "hunter2 hunter2".to_owned()) as fn(&str) -> String,
            |_| "{}".into(),
            |_| "[1,2]".into(),
            |_| "{\"version\":999}".into(),
            |_| "x".repeat(2_000_000),
            |text| text[..text.len() / 2].to_owned(),
            |text| text.replace("\"version\":1", "\"version\":0"),
        ] {
            let (scene, kept) = (Scene::new(), Kept::default());
            let (auth, _browser) = with(&scene, &kept);
            scene.client(&auth).ping().unwrap();
            kept.change(change);
            let before = kept.0.all.lock().unwrap().clone();
            let (auth, browser) = with(&scene, &kept);
            let failure = scene.failure(scene.client(&auth).ping());
            assert!([MCP_E_AUTH, MCP_E_UNSUPPORTED, MCP_E_TOO_LARGE].contains(&failure.status),
                "{}", failure.message);
            assert!(!failure.message.contains("hunter2"), "{}", failure.message);
            assert_eq!(browser.count(), 0);
            assert!(*kept.0.all.lock().unwrap() == before, "it is left as it is");
        }
    }

    entry_of_another_server_is_not_used {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, _browser) = with(&scene, &kept);
        scene.client(&auth).ping().unwrap();
        kept.change(|text| text.replace("127.0.0.1", "127.0.0.2"));
        let (auth, browser) = with(&scene, &kept);
        if let Err(failure) = scene.client(&auth).ping() {
            scene.tells_no_secret(&failure);
        }
        assert!(browser.count() <= 1);
    }

    slow_store_delays_only_calls_that_need_it {
        let (scene, kept) = (Scene::new(), Kept::default());
        kept.0.takes.store(100, Ordering::SeqCst);
        let (auth, browser) = with(&scene, &kept);
        let clients = [scene.client(&auth), scene.client(&auth)];
        std::thread::scope(|scope| {
            for number in 0..16 {
                let client = &clients[number % 2];
                scope.spawn(|| client.ping().unwrap());
            }
        });
        assert_eq!((browser.count(), kept.0.at_once.load(Ordering::SeqCst)), (1, 1));
    }

    token_refreshed_by_another_process_is_used {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (first, one) = with(&scene, &kept);
        let (second, two) = with(&scene, &kept);
        let clients = [scene.client(&first), scene.client(&second)];
        clients[0].ping().unwrap();
        clients[1].ping().unwrap();
        for round in 1..=3 {
            scene.authority.expire();
            clients[round % 2].ping().unwrap();
            clients[(round + 1) % 2].ping().unwrap();
            assert_eq!(scene.authority.count(Step::Refresh), round);
        }
        assert_eq!((one.count(), two.count()), (1, 0));
        scene.authority.has_no_complaint();
    }

    revoked_refresh_token_leads_to_a_new_sign_in {
        let (scene, kept) = (Scene::new(), Kept::default());
        let (auth, browser) = with(&scene, &kept);
        let client = scene.client(&auth);
        client.ping().unwrap();
        scene.authority.expire();
        scene.authority.rotate().unwrap();
        client.ping().unwrap();
        assert_eq!((browser.count(), scene.authority.count(Step::Refresh)), (2, 1));
        // The server noticed, and so it should.
        assert_eq!(scene.authority.complaints().len(), 1);
    }

    file_is_readable_by_its_owner_only {
        let (scene, file) = (Scene::new(), File::new());
        let (auth, _browser) = with_file(&scene, &file);
        scene.client(&auth).ping().unwrap();
        assert_eq!(file.mode(&file.0), 0o600);
        assert_eq!(file.mode(file.0.parent().unwrap()), 0o700);
        assert!(file.text().contains("at-"));
        drop(auth);
        let (auth, browser) = with_file(&scene, &file);
        scene.client(&auth).ping().unwrap();
        assert_eq!(browser.count(), 0);
    }

    file_readable_by_others_is_refused_and_unchanged {
        let (scene, file) = (Scene::new(), File::new());
        let (auth, _browser) = with_file(&scene, &file);
        scene.client(&auth).ping().unwrap();
        drop(auth);
        std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(0o644)).unwrap();
        let before = file.text();
        let failure = scene.failure(used(&scene, &file));
        assert!([MCP_E_AUTH, MCP_E_INSECURE].contains(&failure.status), "{failure:?}");
        assert!(failure.message.contains("chmod"), "{}", failure.message);
        assert_eq!(file.text(), before);
    }

    malformed_file_is_never_overwritten {
        let (scene, file) = (Scene::new(), File::new());
        std::fs::create_dir_all(file.0.parent().unwrap()).unwrap();
        std::fs::set_permissions(file.0.parent().unwrap(),
            std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(&file.0, "hunter2 {").unwrap();
        std::fs::set_permissions(&file.0, std::fs::Permissions::from_mode(0o600)).unwrap();
        let failure = scene.failure(used(&scene, &file));
        assert_eq!(failure.status, MCP_E_AUTH, "{failure:?}");
        assert_eq!(file.text(), "hunter2 {");
        assert!(failure.message.contains("tokens.json"), "{}", failure.message);
        assert!(!failure.message.contains("hunter2"), "{}", failure.message);
    }

    file_that_becomes_malformed_is_an_error_and_unchanged {
        let (scene, file) = (Scene::new(), File::new());
        let (auth, browser) = with_file(&scene, &file);
        let client = scene.client(&auth);
        client.ping().unwrap();
        std::fs::write(&file.0, "hunter2 {").unwrap();
        client.ping().unwrap();
        scene.authority.expire();
        if let Err(failure) = client.ping() {
            scene.tells_no_secret(&failure);
            assert_eq!(failure.status, MCP_E_AUTH, "{failure:?}");
        }
        assert_eq!((browser.count(), file.text().as_str()), (1, "hunter2 {"));
    }

    handles_that_share_a_file_refresh_once {
        let (scene, file) = (Scene::new(), File::new());
        scene.authority.set(|knobs| {
            knobs.pauses.insert(Step::Refresh, Duration::from_millis(200));
        });
        let (first, _) = with_file(&scene, &file);
        scene.client(&first).ping().unwrap();
        let all: Vec<_> = (0..4).map(|_| with_file(&scene, &file)).collect();
        let clients: Vec<_> = all.iter().map(|(auth, _)| scene.client(auth)).collect();
        for client in &clients {
            client.ping().unwrap();
        }
        for round in 1..=3 {
            scene.authority.expire();
            std::thread::scope(|scope| {
                for client in clients.iter().chain(&clients) {
                    scope.spawn(|| client.ping().unwrap());
                }
            });
            assert_eq!(scene.authority.count(Step::Refresh), round);
        }
        assert!(all.iter().all(|(_, browser)| browser.count() == 0));
        scene.authority.has_no_complaint();
    }

    processes_that_share_a_file_refresh_once {
        let (scene, file) = (Scene::new(), File::new());
        let (auth, _browser) = with_file(&scene, &file);
        scene.client(&auth).ping().unwrap();
        scene.authority.expire();
        scene.authority.set(|knobs| {
            knobs.pauses.insert(Step::Refresh, Duration::from_millis(300));
        });
        let program = std::env::current_exe().unwrap();
        let children: Vec<_> = (0..3).map(|_| {
            std::process::Command::new(&program)
                .args(["--exact", "token_store::child_process_pings_for_another_test", "--include-ignored"])
                .env("MCP_TEST_URL", scene.guarded.url())
                .env("MCP_TEST_STORE", file.path())
                .stdout(std::process::Stdio::null())
                .spawn().unwrap()
        }).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(scene.authority.count(Step::Refresh), 1);
        scene.authority.has_no_complaint();
    }

    child_process_pings_for_another_test {
        // By itself it does nothing: another process runs it.
        let Ok(url) = std::env::var("MCP_TEST_URL") else { return };
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        auth.set_store_file(&std::env::var("MCP_TEST_STORE").unwrap()).unwrap();
        let client = behaviour::Client::of(&url);
        client.set_auth(Some(&auth)).unwrap();
        for _ in 0..5 {
            client.ping().unwrap();
        }
    }
}
