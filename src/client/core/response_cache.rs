//! The cache of results with a `ttlMs` (revision 2026-07-28), so that the same
//! call is not sent again while its result is fresh.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::auth::token::Token;
use crate::base::secret::Secret;
use crate::base::sync::lock;
use crate::client::options::Options;
use crate::protocol::call::Call;
use crate::protocol::notification::{self, NotificationKind};
use crate::wire::jsonrpc::Answer;
use crate::wire::object::Members;

#[derive(Debug)]
pub(crate) struct ResponseCache {
    cached: Mutex<CachedResponses>,
    hits: AtomicI64,
}

#[derive(Debug)]
struct CachedResponses {
    /// The most recently used is last.
    entries: VecDeque<CachedResponse>,
    size: usize,
    limit: usize,
    /// How often each [`Group`] has changed.
    changes: [u64; 3],
}

#[derive(Debug)]
struct CachedResponse {
    method: String,
    members: String,
    /// The credential that the result is for; `None` if `cacheScope` is
    /// "public".
    owner: Option<Owner>,
    until: Instant,
    json: String,
}

/// The credential by which the server may tell applications apart.
#[derive(Debug, PartialEq, Eq)]
struct Owner {
    token: Option<Token>,
    headers: Vec<(String, Arc<Secret>)>,
    /// What a server may answer differently to.
    meta: String,
}

/// The results that one kind of notification makes stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Tools,
    Prompts,
    /// Includes skills: their files are resources.
    Resources,
}

impl Group {
    fn of(method: &str) -> Self {
        match method {
            "tools/list" => Self::Tools,
            "prompts/list" => Self::Prompts,
            _ => Self::Resources,
        }
    }
}

/// The state when a call was sent. Its result is stored only if the state is
/// still the same.
#[derive(Debug)]
pub(crate) struct Ticket {
    owner: Owner,
    changes: u64,
}

impl CachedResponse {
    fn size(&self) -> usize {
        self.method.len() + self.members.len() + self.json.len() + size_of::<Self>()
    }
}

const SIZE: usize = 4 * 1024 * 1024;

/// The longest time for which a result is fresh, whatever the server says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Default for ResponseCache {
    fn default() -> Self {
        let cached =
            CachedResponses { entries: VecDeque::new(), size: 0, limit: SIZE, changes: [0; 3] };
        Self { cached: Mutex::new(cached), hits: AtomicI64::new(0) }
    }
}

impl ResponseCache {
    /// Sets the limit of the memory; 0 stores nothing.
    pub(crate) fn set_limit(&self, bytes: usize) {
        let mut cached = lock(&self.cached);
        cached.limit = bytes;
        cached.shrink();
    }

    pub(crate) fn hits(&self) -> i64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Returns the result of a call, if it is fresh.
    pub(crate) fn get(&self, options: &Options, call: &Call) -> Option<Answer> {
        if !is_cacheable(call) {
            return None;
        }
        let mut cached = lock(&self.cached);
        if cached.entries.is_empty() {
            return None;
        }
        let now = Instant::now();
        cached.retain(|entry| entry.until > now);
        let owner = owner(options);
        let place = cached.entries.iter().position(|entry| {
            entry.is_of(call) && entry.owner.as_ref().is_none_or(|its| *its == owner)
        })?;
        let entry = cached.entries.remove(place)?;
        let answer = Answer::whole(entry.json.clone());
        cached.entries.push_back(entry);
        self.hits.fetch_add(1, Ordering::Relaxed);
        Some(if call.method() == "tools/list" { answer.of_marked_tools() } else { answer })
    }

    /// Returns the ticket of a call that may be stored. It is taken before the
    /// call is sent.
    pub(crate) fn ticket(&self, options: &Options, call: &Call) -> Option<Ticket> {
        if !is_cacheable(call) {
            return None;
        }
        let changes = lock(&self.cached).changes(Group::of(&call.method));
        Some(Ticket { owner: owner(options), changes })
    }

    /// Stores a result with a `ttlMs`, if the ticket is still valid.
    pub(crate) fn put(&self, ticket: Ticket, options: &Options, call: &Call, answer: &Answer) {
        if lock(&self.cached).limit < answer.json().len() {
            return;
        }
        // The owner is known only if the token did not change meanwhile. The
        // same text in another token is not enough: a token may come back.
        let token = options.credential.current();
        let is_same = match (&token, &ticket.owner.token) {
            (Some(now), Some(then)) => now.is_same(then),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            return;
        }
        let ttl = answer.member("ttlMs").and_then(|ttl| ttl.parse::<f64>().ok());
        let Some(ttl) = ttl.filter(|ttl| *ttl >= 1.0) else { return };
        let ttl = Duration::try_from_secs_f64(ttl.floor() / 1000.0).unwrap_or(LONGEST);
        let is_public = answer.member("cacheScope") == Some("\"public\"");
        let entry = CachedResponse {
            method: call.method.to_string(),
            members: call.members.clone(),
            owner: (!is_public).then_some(ticket.owner),
            until: Instant::now() + ttl.min(LONGEST),
            json: answer.json().to_owned(),
        };
        let mut cached = lock(&self.cached);
        if cached.changes(Group::of(&call.method)) != ticket.changes {
            return;
        }
        cached.retain(|other| !(other.is_of(call) && other.owner == entry.owner));
        cached.size += entry.size();
        cached.entries.push_back(entry);
        cached.shrink();
    }

    /// Removes the results that a notification makes stale.
    pub(crate) fn invalidate(&self, kind: NotificationKind, params: &str) {
        let group = match kind {
            NotificationKind::ToolsChanged => Group::Tools,
            NotificationKind::PromptsChanged => Group::Prompts,
            NotificationKind::ResourcesChanged | NotificationKind::ResourceUpdated => {
                Group::Resources
            }
            _ => return,
        };
        let mut cached = lock(&self.cached);
        cached.change(group);
        if cached.entries.is_empty() {
            return;
        }
        if kind != NotificationKind::ResourceUpdated {
            cached.retain(|entry| Group::of(&entry.method) != group);
            return;
        }
        let Some(uri) = notification::uri(params) else { return };
        // The URI may name a part of the resource that was read.
        cached.retain(|entry| {
            let read = Members::parse(&format!("{{{}}}", entry.members))
                .ok()
                .and_then(|members| members.string("uri"));
            entry.method != "resources/read"
                || read.is_some_and(|read| !uri.starts_with(&read) && !read.starts_with(&uri))
        });
    }

    /// Removes the results of a method, after the server refused a call of it.
    pub(crate) fn forget(&self, call: &Call) {
        let mut cached = lock(&self.cached);
        cached.change(Group::of(&call.method));
        cached.retain(|entry| entry.method != call.method);
    }

    /// Removes the result of one call, which is to be requested again.
    pub(crate) fn forget_answer(&self, call: &Call) {
        let mut cached = lock(&self.cached);
        cached.change(Group::of(&call.method));
        cached.retain(|entry| !entry.is_of(call));
    }

    pub(crate) fn clear(&self) {
        let mut cached = lock(&self.cached);
        for group in [Group::Tools, Group::Prompts, Group::Resources] {
            cached.change(group);
        }
        cached.retain(|_| false);
    }
}

impl CachedResponse {
    fn is_of(&self, call: &Call) -> bool {
        self.method == *call.method && self.members == call.members
    }
}

impl CachedResponses {
    fn changes(&self, group: Group) -> u64 {
        self.changes.get(group as usize).copied().unwrap_or_default()
    }

    fn change(&mut self, group: Group) {
        if let Some(changes) = self.changes.get_mut(group as usize) {
            *changes += 1;
        }
    }

    fn retain(&mut self, keep: impl Fn(&CachedResponse) -> bool) {
        self.entries.retain(|entry| keep(entry));
        self.size = self.entries.iter().map(CachedResponse::size).sum();
    }

    fn shrink(&mut self) {
        while self.size > self.limit {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.size -= oldest.size();
        }
    }
}

/// Whether a call is one of those whose results have a `ttlMs`. The
/// application's own `_meta` may change a result, so such a call is not cached.
fn is_cacheable(call: &Call) -> bool {
    call.meta.is_empty()
        && matches!(
            &*call.method,
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
        meta: options.meta.as_ref().map(|meta| meta.without_trace()).unwrap_or_default(),
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

    fn put(cache: &ResponseCache, options: &Options, call: &Call, json: &str) {
        let ticket = cache.ticket(options, call).unwrap();
        cache.put(ticket, options, call, &answer(json));
    }

    fn list() -> Call {
        Call::new("tools/list", None).unwrap()
    }

    const PRIVATE: &str = r#"{"ttlMs":60000,"tools":[]}"#;
    const PUBLIC: &str = r#"{"ttlMs":60000,"cacheScope":"public","tools":[]}"#;

    #[test]
    fn returns_only_fresh_results_and_only_to_their_owner() {
        let cache = ResponseCache::default();
        put(&cache, &options("a"), &list(), PRIVATE);
        assert!(cache.get(&options("a"), &list()).is_some());
        assert!(cache.get(&options("b"), &list()).is_none());
        assert!(cache.get(&options("a"), &list().at(Some("\"x\""))).is_none());
        put(&cache, &options("a"), &list(), PUBLIC);
        assert!(cache.get(&options("b"), &list()).is_some());
        assert_eq!(cache.hits(), 2);

        let cache = ResponseCache::default();
        for json in ["{}", r#"{"ttlMs":0}"#, r#"{"ttlMs":-5}"#, r#"{"ttlMs":"9"}"#] {
            put(&cache, &options("a"), &list(), json);
            assert!(cache.get(&options("a"), &list()).is_none(), "{json}");
        }
        put(&cache, &options("a"), &list(), r#"{"ttlMs":60000.9}"#);
        assert!(cache.get(&options("a"), &list()).is_some());
        put(&cache, &options("a"), &list(), r#"{"ttlMs":5.9}"#);
        std::thread::sleep(Duration::from_millis(10));
        assert!(cache.get(&options("a"), &list()).is_none());
    }

    #[test]
    fn removes_results_that_have_changed() {
        let cache = ResponseCache::default();
        let a = options("a");
        let fill = || {
            for call in [list(), Call::read("f:a"), Call::read("f:b")] {
                put(&cache, &a, &call, PRIVATE);
            }
        };
        fill();
        cache.invalidate(NotificationKind::ToolsChanged, "{}");
        assert!(cache.get(&a, &list()).is_none() && cache.get(&a, &Call::read("f:a")).is_some());
        cache.invalidate(NotificationKind::ResourceUpdated, r#"{"uri":"f:a/part"}"#);
        assert!(cache.get(&a, &Call::read("f:a")).is_none());
        assert!(cache.get(&a, &Call::read("f:b")).is_some());
        cache.invalidate(NotificationKind::ResourcesChanged, "{}");
        assert!(cache.get(&a, &Call::read("f:b")).is_none());
    }

    #[test]
    fn stores_nothing_that_changed_while_the_call_was_in_flight() {
        let cache = ResponseCache::default();
        let a = options("a");
        let skills = Call::new("skills/list", None).unwrap();
        let sent = |call: &Call| cache.ticket(&a, call).unwrap();
        let (tools, read, other) = (sent(&list()), sent(&Call::read("f:a")), sent(&skills));
        cache.invalidate(NotificationKind::PromptsChanged, "{}");
        cache.put(tools, &a, &list(), &answer(PRIVATE));
        assert!(cache.get(&a, &list()).is_some());
        cache.invalidate(NotificationKind::ResourceUpdated, r#"{"uri":"f:b"}"#);
        cache.put(read, &a, &Call::read("f:a"), &answer(PRIVATE));
        assert!(cache.get(&a, &Call::read("f:a")).is_none());
        cache.put(other, &a, &skills, &answer(PRIVATE));
        assert!(cache.get(&a, &skills).is_none());
        let before = sent(&list());
        cache.clear();
        cache.put(before, &a, &list(), &answer(PUBLIC));
        assert!(cache.get(&a, &list()).is_none());
        // Another token was set meanwhile, although its text is the same.
        let before = sent(&list());
        cache.put(before, &options("a"), &list(), &answer(PRIVATE));
        assert!(cache.get(&a, &list()).is_none());
    }

    #[test]
    fn stores_no_more_than_its_limit() {
        let cache = ResponseCache::default();
        let a = options("a");
        cache.set_limit(1000);
        for number in 0..20 {
            put(&cache, &a, &Call::read(&number.to_string()), PRIVATE);
        }
        assert!(lock(&cache.cached).size <= 1000);
        assert!(cache.get(&a, &Call::read("19")).is_some());
        assert!(cache.get(&a, &Call::read("0")).is_none());
        cache.set_limit(0);
        assert!(cache.get(&a, &Call::read("19")).is_none());
        put(&cache, &a, &list(), PRIVATE);
        assert!(cache.get(&a, &list()).is_none());
    }
}
