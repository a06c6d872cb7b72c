//! Answers that the server calls fresh for a while (2026-07-28), kept within
//! bounds, so that the same question need not be asked again.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::auth::bearer::Token;
use crate::base::secret::Secret;
use crate::client::lock;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::notice::{self, Kind};
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

#[derive(Debug)]
pub(crate) struct Cache {
    kept: Mutex<Kept>,
    hits: AtomicI64,
}

#[derive(Debug)]
struct Kept {
    /// The most recently used last.
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
}

#[derive(Debug)]
struct Entry {
    method: String,
    members: String,
    /// Whose answer it is; `None` where the server says that it is anybody's.
    owner: Option<Owner>,
    until: Instant,
    json: String,
}

/// What the server may tell programs apart by.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    token: Option<Token>,
    headers: Vec<(String, Arc<Secret>)>,
}

impl Entry {
    fn size(&self) -> usize {
        self.method.len() + self.members.len() + self.json.len() + size_of::<Self>()
    }
}

const SIZE: usize = 4 * 1024 * 1024;

/// The longest that an answer is taken for fresh, whatever the server says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Default for Cache {
    fn default() -> Self {
        let kept = Kept { entries: VecDeque::new(), size: 0, limit: SIZE };
        Self { kept: Mutex::new(kept), hits: AtomicI64::new(0) }
    }
}

impl Cache {
    /// Bounds what is kept; 0 keeps nothing.
    pub(crate) fn set_limit(&self, bytes: usize) {
        let mut kept = lock(&self.kept);
        kept.limit = bytes;
        kept.shrink();
    }

    pub(crate) fn hits(&self) -> i64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// The answer to a call, while it is fresh.
    pub(crate) fn get(&self, options: &Options, call: &Call) -> Option<Answer> {
        let mut kept = lock(&self.kept);
        if kept.entries.is_empty() || !is_kept(call) {
            return None;
        }
        let now = Instant::now();
        kept.retain(|entry| entry.until > now);
        let owner = owner(options);
        let place = kept.entries.iter().position(|entry| {
            entry.is_of(call) && entry.owner.as_ref().is_none_or(|its| *its == owner)
        })?;
        let entry = kept.entries.remove(place)?;
        let answer = Answer::whole(entry.json.clone());
        kept.entries.push_back(entry);
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(if call.method() == "tools/list" { answer.of_marked_tools() } else { answer })
    }

    /// Keeps an answer if the server says that it is fresh for a while.
    pub(crate) fn put(&self, options: &Options, call: &Call, answer: &Answer) {
        if !is_kept(call) || lock(&self.kept).limit < answer.json().len() {
            return;
        }
        let ttl = answer.member("ttlMs").and_then(|ttl| ttl.parse::<f64>().ok());
        let Some(ttl) = ttl.filter(|ttl| *ttl >= 1.0) else { return };
        let ttl = Duration::try_from_secs_f64(ttl.floor() / 1000.0).unwrap_or(LONGEST);
        let is_public = answer.member("cacheScope") == Some("\"public\"");
        let entry = Entry {
            method: call.method.clone(),
            members: call.members.clone(),
            owner: (!is_public).then(|| owner(options)),
            until: Instant::now() + ttl.min(LONGEST),
            json: answer.json().to_owned(),
        };
        let mut kept = lock(&self.kept);
        kept.retain(|other| !(other.is_of(call) && other.owner == entry.owner));
        kept.size += entry.size();
        kept.entries.push_back(entry);
        kept.shrink();
    }

    /// Forgets what a notification says has changed.
    pub(crate) fn invalidate(&self, kind: Kind, params: &str) {
        let mut kept = lock(&self.kept);
        if kept.entries.is_empty() {
            return;
        }
        match kind {
            Kind::ToolsChanged => kept.retain(|entry| entry.method != "tools/list"),
            Kind::PromptsChanged => kept.retain(|entry| entry.method != "prompts/list"),
            Kind::ResourcesChanged => kept.retain(|entry| !entry.method.starts_with("resources/")),
            Kind::ResourceUpdated => {
                let Some(uri) = notice::uri(params) else { return };
                // It may name a part of the one that was read.
                kept.retain(|entry| {
                    let read = Members::parse(&format!("{{{}}}", entry.members))
                        .ok()
                        .and_then(|members| members.string("uri"));
                    entry.method != "resources/read"
                        || read
                            .is_some_and(|read| !uri.starts_with(&read) && !read.starts_with(&uri))
                });
            }
            _ => {}
        }
    }

    /// A server that refuses a call does not know what was kept of it.
    pub(crate) fn forget(&self, call: &Call) {
        lock(&self.kept).retain(|entry| entry.method != call.method);
    }

    pub(crate) fn clear(&self) {
        lock(&self.kept).retain(|_| false);
    }
}

impl Entry {
    fn is_of(&self, call: &Call) -> bool {
        self.method == call.method && self.members == call.members
    }
}

impl Kept {
    fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| keep(entry));
        self.size = self.entries.iter().map(Entry::size).sum();
    }

    fn shrink(&mut self) {
        while self.size > self.limit {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.size();
        }
    }
}

/// The calls whose answers have hints. The program's own `_meta` may change
/// an answer, so that such a call is asked anew.
fn is_kept(call: &Call) -> bool {
    call.meta.is_empty()
        && matches!(
            call.method.as_str(),
            "tools/list"
                | "prompts/list"
                | "resources/list"
                | "resources/templates/list"
                | "resources/read"
                | "skills/list"
        )
}

fn owner(options: &Options) -> Owner {
    let headers = options.headers.iter();
    Owner {
        token: options.credential.current(),
        headers: headers.map(|header| (header.name.clone(), header.value.clone())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(token: &str) -> Options {
        Options::new("http://127.0.0.1/mcp", Some(token)).unwrap()
    }

    fn answer(json: &str) -> Answer {
        Answer::whole(json.to_owned())
    }

    fn list() -> Call {
        Call::new("tools/list", None).unwrap()
    }

    const PRIVATE: &str = r#"{"ttlMs":60000,"tools":[]}"#;
    const PUBLIC: &str = r#"{"ttlMs":60000,"cacheScope":"public","tools":[]}"#;

    #[test]
    fn answers_only_what_is_fresh_and_only_its_owner() {
        let cache = Cache::default();
        cache.put(&options("a"), &list(), &answer(PRIVATE));
        assert!(cache.get(&options("a"), &list()).is_some());
        assert!(cache.get(&options("b"), &list()).is_none());
        assert!(cache.get(&options("a"), &list().at(Some("x"))).is_none());
        cache.put(&options("a"), &list(), &answer(PUBLIC));
        assert!(cache.get(&options("b"), &list()).is_some());
        assert_eq!(cache.hits(), 2);

        let cache = Cache::default();
        for json in ["{}", r#"{"ttlMs":0}"#, r#"{"ttlMs":-5}"#, r#"{"ttlMs":"9"}"#] {
            cache.put(&options("a"), &list(), &answer(json));
            assert!(cache.get(&options("a"), &list()).is_none(), "{json}");
        }
        cache.put(&options("a"), &list(), &answer(r#"{"ttlMs":5.9}"#));
        assert!(cache.get(&options("a"), &list()).is_some());
        std::thread::sleep(Duration::from_millis(10));
        assert!(cache.get(&options("a"), &list()).is_none());
    }

    #[test]
    fn forgets_what_has_changed() {
        let cache = Cache::default();
        let a = options("a");
        let fill = || {
            for call in [list(), Call::read("f:a"), Call::read("f:b")] {
                cache.put(&a, &call, &answer(PRIVATE));
            }
        };
        fill();
        cache.invalidate(Kind::ToolsChanged, "{}");
        assert!(cache.get(&a, &list()).is_none() && cache.get(&a, &Call::read("f:a")).is_some());
        cache.invalidate(Kind::ResourceUpdated, r#"{"uri":"f:a/part"}"#);
        assert!(cache.get(&a, &Call::read("f:a")).is_none());
        assert!(cache.get(&a, &Call::read("f:b")).is_some());
        cache.invalidate(Kind::ResourcesChanged, "{}");
        assert!(cache.get(&a, &Call::read("f:b")).is_none());
    }

    #[test]
    fn keeps_no_more_than_its_limit() {
        let cache = Cache::default();
        let a = options("a");
        cache.set_limit(1000);
        for number in 0..20 {
            cache.put(&a, &Call::read(&number.to_string()), &answer(PRIVATE));
        }
        assert!(lock(&cache.kept).size <= 1000);
        assert!(cache.get(&a, &Call::read("19")).is_some());
        assert!(cache.get(&a, &Call::read("0")).is_none());
        cache.set_limit(0);
        assert!(cache.get(&a, &Call::read("19")).is_none());
        cache.put(&a, &list(), &answer(PRIVATE));
        assert!(cache.get(&a, &list()).is_none());
    }
}
