use super::*;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown, symlink};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::auth::oauth::store::lock;
use crate::transport::wait::{Wait, now};

/// A new folder for each test, with mode 0700.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("mcp-store-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // A process that had the same number may have been killed.
        let _ = std::fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("tokens.json")
    }

    fn store(&self) -> FileStore {
        FileStore::new(&self.file()).unwrap()
    }

    /// Writes a text with mode 0600.
    fn put(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
        set_mode(&self.file(), 0o600);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn locked(store: &FileStore) -> StoreLock {
    now(lock(store, &Wait::for_at_most(Duration::from_secs(30)))).unwrap()
}

fn save(store: &FileStore, key: &str, data: &str) -> Result<()> {
    store.save(&locked(store), key, &data.into())
}

fn load(store: &FileStore, key: &str) -> Option<String> {
    store.load(key).unwrap().map(|text| text.expose().to_owned())
}

const GOOD: &str = r#"{"version":1,"entries":{"a":{"version":1,"later":[1.50]}},"later":"x"}"#;

#[test]
fn creates_a_private_folder_and_file_on_the_first_write() {
    let folder = Folder::new();
    let path = folder.0.join("above/mcpclient/tokens.json");
    let store = FileStore::new(&path).unwrap();
    assert_eq!(load(&store, "a"), None);
    assert!(!folder.0.join("above").exists());
    save(&store, "a", "{\"x\":1}").unwrap();
    assert_eq!(load(&store, "a").as_deref(), Some("{\"x\":1}"));
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&store.beside(".lock")), 0o600);
    assert!(!store.beside(".new").exists());
    store.remove(&locked(&store), "a").unwrap();
    assert_eq!(load(&FileStore::new(&path).unwrap(), "a"), None);
}

#[test]
fn refuses_files_that_other_users_can_access() {
    let folder = Folder::new();
    folder.put(GOOD);
    let store = folder.store();
    for bad in [0o640, 0o604, 0o620, 0o602, 0o660, 0o777] {
        set_mode(&folder.file(), bad);
        for error in [
            store.load("a").unwrap_err(),
            save(&store, "a", "{}").unwrap_err(),
            FileStore::new(&folder.file()).unwrap_err(),
        ] {
            assert_eq!(error.status(), Status::Insecure);
            assert!(error.message().contains("chmod 600 \""), "{}", error.message());
        }
    }
    set_mode(&folder.file(), 0o600);
    for bad in [0o770, 0o702, 0o1777] {
        set_mode(&folder.0, bad);
        let error = store.load("a").unwrap_err();
        assert_eq!(error.status(), Status::Insecure);
        assert!(error.message().contains("chmod go-w \""), "{}", error.message());
        assert!(store.try_lock().is_err());
    }
    set_mode(&folder.0, 0o755);
    assert!(load(&store, "a").is_some());
    set_mode(&store.beside(".lock"), 0o666);
    assert_eq!(store.try_lock().unwrap_err().status(), Status::Insecure);
}

#[test]
fn refuses_files_of_another_user() {
    let folder = Folder::new();
    folder.put(GOOD);
    let store = folder.store();
    if chown(folder.file(), Some(12345), None).is_err() {
        // Skipped: only root can change the owner of a file.
        return;
    }
    for error in [store.load("a").unwrap_err(), save(&store, "a", "{}").unwrap_err()] {
        assert_eq!(error.status(), Status::Insecure);
        assert!(error.message().contains("user 12345"), "{}", error.message());
    }
    chown(folder.file(), Some(Access::user()), None).unwrap();
    chown(&folder.0, Some(12345), None).unwrap();
    assert!(store.load("a").unwrap_err().message().contains("user 12345"));
}

#[test]
fn follows_no_symbolic_link() {
    let folder = Folder::new();
    let real = folder.0.join("real");
    fs::write(&real, GOOD).unwrap();
    set_mode(&real, 0o600);
    symlink(&real, folder.file()).unwrap();
    let error = FileStore::new(&folder.file()).unwrap_err();
    assert_eq!(error.status(), Status::Insecure);
    assert!(error.message().contains("tokens.json\" is a symbolic link"), "{}", error.message());
    fs::remove_file(folder.file()).unwrap();

    let store = folder.store();
    symlink(&real, store.beside(".lock")).unwrap();
    assert_eq!(store.try_lock().unwrap_err().status(), Status::Insecure);
    fs::remove_file(store.beside(".lock")).unwrap();
    symlink(&real, store.beside(".new")).unwrap();
    save(&store, "b", "{}").unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), GOOD);
    assert!(fs::symlink_metadata(folder.file()).unwrap().is_file());
}

#[test]
fn leaves_an_unreadable_file_unchanged() {
    let folder = Folder::new();
    let store = folder.store();
    for (text, status, words) in [
        ("", Status::Auth, "no JSON"),
        ("{\n\"version\":1,\n hunter2", Status::Auth, "line 3"),
        ("{\"version\":1,\"entries\":\"hunter2\"}", Status::Auth, "\"entries\""),
        ("{\"version\":2,\"hunter2\":{}}", Status::Unsupported, "version 2"),
    ] {
        folder.put(text);
        let held = locked(&store);
        for error in [
            store.load("a").unwrap_err(),
            store.save(&held, "a", &"{}".into()).unwrap_err(),
            store.remove(&held, "a").unwrap_err(),
            FileStore::new(&folder.file()).unwrap_err(),
        ] {
            let message = error.message();
            assert_eq!(error.status(), status, "{message}");
            assert!(message.contains(words) && message.contains("tokens.json\""), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), text);
    }
    fs::write(folder.file(), b"\xff").unwrap();
    assert!(store.load("a").unwrap_err().message().contains("UTF-8"));
}

#[test]
fn keeps_unknown_members() {
    let folder = Folder::new();
    folder.put(GOOD);
    let store = folder.store();
    save(&store, "b", "{}").unwrap();
    assert_eq!(load(&store, "a").as_deref(), Some(r#"{"version":1,"later":[1.50]}"#));
    assert!(fs::read_to_string(folder.file()).unwrap().contains(r#""later":"x""#));
    assert_eq!(save(&store, "c", "hunter2").unwrap_err().status(), Status::Internal);
    assert_eq!(load(&store, "b").as_deref(), Some("{}"));
}

#[test]
fn limits_the_size() {
    let folder = Folder::new();
    let store = folder.store();
    let entry = format!("{{\"x\":\"{}\"}}", "x".repeat(LARGEST as usize / 2));
    save(&store, "a", &entry).unwrap();
    assert_eq!(save(&store, "b", &entry).unwrap_err().status(), Status::TooLarge);
    assert_eq!(load(&store, "a").as_deref(), Some(&*entry));
    folder.put(&" ".repeat(LARGEST as usize + 1));
    assert_eq!(store.load("a").unwrap_err().status(), Status::TooLarge);
}

#[test]
fn keeps_the_old_text_when_the_new_one_cannot_be_written() {
    let folder = Folder::new();
    folder.put(GOOD);
    let store = folder.store();
    fs::create_dir(store.beside(".new")).unwrap();
    let error = save(&store, "b", "{}").unwrap_err();
    assert_eq!(error.status(), Status::Io);
    assert!(error.message().contains("tokens.json.new\" cannot be written"), "{}", error.message());
    assert_eq!(fs::read_to_string(folder.file()).unwrap(), GOOD);

    // Root may write whatever the mode.
    if Access::user() != 0 {
        fs::remove_dir(store.beside(".new")).unwrap();
        let held = locked(&store);
        set_mode(&folder.0, 0o500);
        assert_eq!(store.save(&held, "b", &"{}".into()).unwrap_err().status(), Status::Io);
        set_mode(&folder.0, 0o700);
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), GOOD);
    }
}

#[test]
fn refuses_paths_that_are_no_file() {
    let folder = Folder::new();
    fs::create_dir(folder.file()).unwrap();
    let error = FileStore::new(&folder.file()).unwrap_err();
    assert!(error.message().contains("no regular file"), "{}", error.message());
    for path in ["", "/", ".."] {
        let error = FileStore::new(Path::new(path)).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument, "{path}");
    }
    fs::write(folder.0.join("file"), "").unwrap();
    let error = FileStore::new(&folder.0.join("file/tokens.json")).unwrap_err();
    assert_eq!(error.status(), Status::Io);
}

#[test]
fn replaces_the_new_file_of_a_killed_process() {
    let folder = Folder::new();
    folder.put(GOOD);
    let store = folder.store();
    fs::write(store.beside(".new"), "{\"half").unwrap();
    fs::write(store.beside(".lock"), "").unwrap();
    set_mode(&store.beside(".lock"), 0o600);
    save(&store, "b", "{}").unwrap();
    assert!(load(&store, "a").is_some() && load(&store, "b").is_some());
    assert_eq!(mode(&folder.file()), 0o600);
    assert!(!store.beside(".new").exists());
}

#[test]
fn loses_no_entry_of_concurrent_writers() {
    const WRITERS: usize = 3;
    const TIMES: usize = 8;
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for own in 0..WRITERS {
            let store = folder.store();
            scope.spawn(move || {
                for _ in 0..TIMES {
                    let held = locked(&store);
                    let count: usize = load(&store, "count")
                        .map_or(0, |text| text[5..text.len() - 1].parse().unwrap());
                    let text = format!("{{\"x\":{}}}", count + 1);
                    store.save(&held, "count", &text.into()).unwrap();
                    store.save(&held, &format!("own{own}"), &"{}".into()).unwrap();
                    drop(held);
                    // Read without the lock: the whole old content or the whole new one.
                    assert!(load(&store, "count").is_some());
                }
            });
        }
    });
    let store = folder.store();
    assert_eq!(load(&store, "count"), Some(format!("{{\"x\":{}}}", WRITERS * TIMES)));
    assert!((0..WRITERS).all(|own| load(&store, &format!("own{own}")).is_some()));
}

#[test]
fn waits_for_the_lock_but_not_for_ever() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.store(), folder.store());
    let held = locked(&theirs);
    let begin = Instant::now();
    let error = now(lock(&ours, &Wait::for_at_most(Duration::from_millis(100)))).unwrap_err();
    assert_eq!(error.status(), Status::Timeout);
    assert!(error.message().contains("tokens.json\" is locked by another"), "{}", error.message());
    assert!(begin.elapsed() >= Duration::from_millis(100));
    drop(held);
    locked(&ours);
}

#[test]
fn detects_a_removed_lock_file() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.store(), folder.store());
    let _held = locked(&theirs);
    fs::remove_file(ours.beside(".lock")).unwrap();
    let _mine = locked(&ours);
    assert!(theirs.try_lock().unwrap().is_none());
}

#[test]
fn finds_the_default_path() {
    let with = |all: &'static [(&str, &str)]| {
        default_path(&|name: &str| {
            all.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    };
    let home = with(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "relative")]).unwrap();
    let state = with(&[("HOME", "/home/me"), ("XDG_STATE_HOME", "/state")]).unwrap();
    if cfg!(target_os = "macos") {
        let usual = Path::new("/home/me/Library/Application Support/mcpclient/tokens.json");
        assert_eq!((home.as_path(), state.as_path()), (usual, usual));
    } else {
        assert_eq!(home, Path::new("/home/me/.local/state/mcpclient/tokens.json"));
        assert_eq!(state, Path::new("/state/mcpclient/tokens.json"));
    }
    assert!(with(&[("HOME", "")]).unwrap_err().message().contains("HOME"));
}
