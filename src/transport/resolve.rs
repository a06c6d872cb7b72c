//! Resolves host names in a way that a cancel can end.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::signal::Signal;
use crate::base::thread;
use crate::platform::PerProcess;
use crate::transport::wait::Wait;

/// How long an answer is used again.
const KEPT: Duration = Duration::from_secs(30);

/// Resolves names and caches the last answer.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    last: Mutex<Option<CachedAnswer>>,
}

#[derive(Debug)]
struct CachedAnswer {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    since: Instant,
}

impl Resolver {
    /// The addresses of a host, in the order in which to try them.
    ///
    /// Addresses and the names of this machine are not looked up: a credential
    /// for loopback must not depend on the answer of a name server.
    pub(crate) async fn resolve(
        &self,
        host: &str,
        port: u16,
        wait: &Wait,
    ) -> Result<Vec<SocketAddr>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if host == "localhost" || host.ends_with(".localhost") {
            let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            return Ok(loopback.map(|address| SocketAddr::new(address, port)).to_vec());
        }
        if let Some(addresses) = self.cached(host, port) {
            return Ok(addresses);
        }
        let addresses = look_up(host, port, wait).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(CachedAnswer {
            host: host.to_owned(),
            port,
            addresses: addresses.clone(),
            since: Instant::now(),
        });
        Ok(addresses)
    }

    fn cached(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|known| {
                known.host == host && known.port == port && known.since.elapsed() < KEPT
            })
            .map(|known| known.addresses.clone())
    }
}

/// Asks the system on another thread: a lookup cannot be interrupted, but the
/// wait for it can.
async fn look_up(host: &str, port: u16, wait: &Wait) -> Result<Vec<SocketAddr>> {
    let failed =
        |why: String| Error::new(Status::Resolve, format!("cannot resolve \"{host}\": {why}"));
    let lookup = SYSTEM.join(host, port).map_err(|error| failed(error.to_string()))?;
    wait.until_raised(&lookup.done).await?;
    match lookup.found.get() {
        Some(Ok(addresses)) if !addresses.is_empty() => Ok(alternating(addresses.clone())),
        Some(Err(why)) => Err(failed(format!("{why}; is the name right?"))),
        _ => Err(failed("it has no address".into())),
    }
}

/// The addresses, or the reason that there are none.
type LookupResult = std::result::Result<Vec<SocketAddr>, String>;

/// The most lookups that run at a time.
const THREADS: usize = 8;

/// Runs lookups on a few threads, which end when there are none left. Callers
/// that ask for the same name share a lookup.
struct LookupQueue {
    /// The child of a fork does not have the threads of its parent.
    state: PerProcess<Mutex<LookupState>>,
    resolve: fn(&str, u16) -> LookupResult,
}

#[derive(Default)]
struct LookupState {
    waiting: VecDeque<Weak<Lookup>>,
    under_way: Vec<Arc<Lookup>>,
    threads: usize,
}

struct Lookup {
    host: String,
    port: u16,
    /// Raised when the result is known.
    done: Signal,
    found: OnceLock<LookupResult>,
}

static SYSTEM: LookupQueue = LookupQueue::new(|host, port| {
    let found = (host, port).to_socket_addrs();
    found.map(Iterator::collect).map_err(|error| error.to_string())
});

impl LookupQueue {
    const fn new(resolve: fn(&str, u16) -> LookupResult) -> Self {
        Self { state: PerProcess::new(), resolve }
    }

    /// Starts a lookup, or returns the one for the same name.
    fn join(&'static self, host: &str, port: u16) -> io::Result<Arc<Lookup>> {
        let mut state = self.lock();
        let is_same = |one: &Arc<Lookup>| one.host == host && one.port == port;
        let under_way = state.under_way.iter().find(|one| is_same(one)).cloned();
        let waiting = || state.waiting.iter().filter_map(Weak::upgrade).find(is_same);
        if let Some(lookup) = under_way.or_else(waiting) {
            return Ok(lookup);
        }
        let done = Signal::default();
        let lookup = Arc::new(Lookup { host: host.to_owned(), port, done, found: OnceLock::new() });
        if state.threads < THREADS {
            match thread::spawn("mcp-resolve", move || self.work()) {
                Ok(_) => state.threads += 1,
                // Another thread will run it.
                Err(_) if state.threads > 0 => {}
                Err(error) => return Err(error),
            }
        }
        state.waiting.push_back(Arc::downgrade(&lookup));
        Ok(lookup)
    }

    fn work(&self) {
        let mut state = self.lock();
        while let Some(lookup) = state.waiting.pop_front() {
            // All callers may have given up.
            let Some(lookup) = lookup.upgrade() else { continue };
            state.under_way.push(lookup.clone());
            drop(state);
            let found = (self.resolve)(&lookup.host, lookup.port);
            state = self.lock();
            state.under_way.retain(|one| !Arc::ptr_eq(one, &lookup));
            let _ = lookup.found.set(found);
            lookup.done.raise();
        }
        state.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, LookupState> {
        self.state.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sorts addresses so that the two families alternate, beginning with the one
/// that the system prefers (RFC 8305, section 4).
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut out = Vec::with_capacity(preferred.len() + other.len());
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    loop {
        match (preferred.next(), other.next()) {
            (None, None) => return out,
            (one, two) => out.extend([one, two].into_iter().flatten()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wait::now;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn resolves_this_machine_without_a_lookup() {
        let wait = Wait::for_at_most(Duration::ZERO);
        let resolver = Resolver::default();
        let found = now(resolver.resolve("localhost", 80, &wait)).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(now(resolver.resolve("::1", 80, &wait)).unwrap().len(), 1);
    }

    #[test]
    fn alternates_between_the_families() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let sorted =
            alternating(vec![address("[::2]:1"), address("[::3]:1"), address("1.1.1.1:1")]);
        assert_eq!(sorted, [address("[::2]:1"), address("1.1.1.1:1"), address("[::3]:1")]);
    }

    #[test]
    fn looks_up_each_name_once_on_a_bounded_number_of_threads() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static ALL: AtomicUsize = AtomicUsize::new(0);
        // Held by the test while lookups are to take their time.
        static GATE: Mutex<()> = Mutex::new(());
        static QUEUE: LookupQueue = LookupQueue::new(|host, port| {
            ALL.fetch_add(1, Ordering::SeqCst);
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            drop(GATE.lock());
            NOW.fetch_sub(1, Ordering::SeqCst);
            if host == "unknown" {
                Err("no such name".into())
            } else {
                Ok(vec![([9, 9, 9, 9], port).into()])
            }
        });
        let wait = Wait::for_at_most(Duration::from_secs(30));
        let ready = |lookup: &Lookup| now(wait.until_raised(&lookup.done));
        let held = GATE.lock();
        let same: Vec<_> = (0..100).map(|_| QUEUE.join("a", 1).unwrap()).collect();
        drop(held);
        ready(&same[99]).unwrap();
        assert_eq!((ALL.load(Ordering::SeqCst), QUEUE.lock().threads), (1, 0));
        let ask = |host: String| QUEUE.join(&host, 2).unwrap();
        let names: Vec<_> = (0..40).map(|number| ask(format!("b{number}"))).collect();
        for question in &names {
            ready(question).unwrap();
            assert_eq!(question.found.get().unwrap().as_ref().unwrap()[0].port(), 2);
        }
        assert!(MOST.load(Ordering::SeqCst) <= THREADS);
        // A lookup that was given up before it began is not made.
        let held = GATE.lock();
        let busy: Vec<_> = (0..THREADS).map(|number| ask(format!("c{number}"))).collect();
        drop(QUEUE.join("d", 4));
        let last = QUEUE.join("unknown", 5).unwrap();
        drop(held);
        ready(&last).unwrap();
        assert!(last.found.get().unwrap().is_err());
        assert_eq!(ALL.load(Ordering::SeqCst), 1 + 40 + busy.len() + 1);
    }

    #[test]
    fn gives_up_a_lookup_when_the_time_is_over() {
        let wait = Wait::for_at_most(Duration::ZERO);
        let error = now(Resolver::default().resolve("name.invalid", 80, &wait)).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
    }
}
