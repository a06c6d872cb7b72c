//! Names to addresses, without holding up a cancel.

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

/// How long an answer of the name service is used again.
const KEPT: Duration = Duration::from_secs(30);

/// Resolves names, and remembers the last answer for a while.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    last: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    host: String,
    port: u16,
    addresses: Vec<SocketAddr>,
    since: Instant,
}

impl Resolver {
    /// The addresses of a host, in the order in which to try them.
    ///
    /// Addresses and names of this machine need no name service, and get
    /// none: a credential for loopback must not depend on what one says.
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
        if let Some(addresses) = self.remembered(host, port) {
            return Ok(addresses);
        }
        let addresses = ask(host, port, wait).await?;
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Known {
            host: host.to_owned(),
            port,
            addresses: addresses.clone(),
            since: Instant::now(),
        });
        Ok(addresses)
    }

    fn remembered(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref()
            .filter(|known| {
                known.host == host && known.port == port && known.since.elapsed() < KEPT
            })
            .map(|known| known.addresses.clone())
    }
}

/// Asks the system, on a thread of its own: nothing else can be given up
/// half-way.
async fn ask(host: &str, port: u16, wait: &Wait) -> Result<Vec<SocketAddr>> {
    let failed =
        |why: String| Error::new(Status::Resolve, format!("cannot resolve \"{host}\": {why}"));
    let question = SYSTEM.join(host, port).map_err(|error| failed(error.to_string()))?;
    wait.until_raised(&question.done).await?;
    match question.found.get() {
        Some(Ok(addresses)) if !addresses.is_empty() => Ok(in_turn(addresses.clone())),
        Some(Err(why)) => Err(failed(format!("{why}; is the name right?"))),
        _ => Err(failed("it has no address".into())),
    }
}

/// What was found, or why nothing was.
type Found = std::result::Result<Vec<SocketAddr>, String>;

/// The most names that are looked up at a time.
const THREADS: usize = 8;

/// Where names are asked for: each once, however many want to know, on threads
/// that live as long as there are questions.
struct Desk {
    /// The threads of a parent process are not in its fork.
    state: PerProcess<Mutex<State>>,
    ask: fn(&str, u16) -> Found,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Weak<Question>>,
    under_way: Vec<Arc<Question>>,
    threads: usize,
}

struct Question {
    host: String,
    port: u16,
    /// Raised when the answer is there.
    done: Signal,
    found: OnceLock<Found>,
}

static SYSTEM: Desk = Desk::new(|host, port| {
    let found = (host, port).to_socket_addrs();
    found.map(Iterator::collect).map_err(|error| error.to_string())
});

impl Desk {
    const fn new(ask: fn(&str, u16) -> Found) -> Self {
        Self { state: PerProcess::new(), ask }
    }

    /// Asks, or waits with those who have asked the same.
    fn join(&'static self, host: &str, port: u16) -> io::Result<Arc<Question>> {
        let mut state = self.lock();
        let is_same = |one: &Arc<Question>| one.host == host && one.port == port;
        let under_way = state.under_way.iter().find(|one| is_same(one)).cloned();
        let waiting = || state.waiting.iter().filter_map(Weak::upgrade).find(is_same);
        if let Some(question) = under_way.or_else(waiting) {
            return Ok(question);
        }
        let done = Signal::default();
        let question =
            Arc::new(Question { host: host.to_owned(), port, done, found: OnceLock::new() });
        if state.threads < THREADS {
            match thread::spawn("mcp-resolve", move || self.work()) {
                Ok(_) => state.threads += 1,
                // Another thread will do.
                Err(_) if state.threads > 0 => {}
                Err(error) => return Err(error),
            }
        }
        state.waiting.push_back(Arc::downgrade(&question));
        Ok(question)
    }

    fn work(&self) {
        let mut state = self.lock();
        while let Some(question) = state.waiting.pop_front() {
            // Nobody may want to know any more.
            let Some(question) = question.upgrade() else { continue };
            state.under_way.push(question.clone());
            drop(state);
            let found = (self.ask)(&question.host, question.port);
            state = self.lock();
            state.under_way.retain(|one| !Arc::ptr_eq(one, &question));
            let _ = question.found.set(found);
            question.done.raise();
        }
        state.threads -= 1;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.get().lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The two families in turn, beginning with the one that the system prefers
/// (RFC 8305, section 4).
fn in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
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
    fn knows_this_machine_without_asking() {
        let wait = Wait::for_at_most(Duration::ZERO);
        let resolver = Resolver::default();
        let found = now(resolver.resolve("localhost", 80, &wait)).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(now(resolver.resolve("::1", 80, &wait)).unwrap().len(), 1);
    }

    #[test]
    fn tries_the_families_in_turn() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        let sorted = in_turn(vec![address("[::2]:1"), address("[::3]:1"), address("1.1.1.1:1")]);
        assert_eq!(sorted, [address("[::2]:1"), address("1.1.1.1:1"), address("[::3]:1")]);
    }

    #[test]
    fn asks_each_name_once_on_a_bounded_number_of_threads() {
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        static ALL: AtomicUsize = AtomicUsize::new(0);
        static DESK: Desk = Desk::new(|host, port| {
            ALL.fetch_add(1, Ordering::SeqCst);
            MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(50));
            NOW.fetch_sub(1, Ordering::SeqCst);
            if host == "unknown" {
                Err("no such name".into())
            } else {
                Ok(vec![([9, 9, 9, 9], port).into()])
            }
        });
        let wait = Wait::for_at_most(Duration::from_secs(10));
        let ready = |question: &Question| now(wait.until_raised(&question.done));
        let same: Vec<_> = (0..100).map(|_| DESK.join("a", 1).unwrap()).collect();
        ready(&same[99]).unwrap();
        assert_eq!((ALL.load(Ordering::SeqCst), DESK.lock().threads), (1, 0));
        let ask = |host: String| DESK.join(&host, 2).unwrap();
        let names: Vec<_> = (0..40).map(|number| ask(format!("b{number}"))).collect();
        for question in &names {
            ready(question).unwrap();
            assert_eq!(question.found.get().unwrap().as_ref().unwrap()[0].port(), 2);
        }
        assert!(MOST.load(Ordering::SeqCst) <= THREADS);
        // What is given up before its turn is not asked.
        let busy: Vec<_> = (0..THREADS).map(|number| ask(format!("c{number}"))).collect();
        drop(DESK.join("d", 4));
        let last = DESK.join("unknown", 5).unwrap();
        ready(&last).unwrap();
        assert!(last.found.get().unwrap().is_err());
        assert_eq!(ALL.load(Ordering::SeqCst), 1 + 40 + busy.len() + 1);
    }

    #[test]
    fn gives_up_a_question_with_its_time() {
        let wait = Wait::for_at_most(Duration::ZERO);
        let error = now(Resolver::default().resolve("name.invalid", 80, &wait)).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
    }
}
