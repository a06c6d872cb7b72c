//! Names to addresses, without holding up a cancel.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::error::{Error, Result, Status};
use crate::base::sys::{POLLIN, Signal};
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

/// Asks the system, on a thread that lives as long as the question: nothing
/// else can be given up half-way.
async fn ask(host: &str, port: u16, wait: &Wait) -> Result<Vec<SocketAddr>> {
    let failed =
        |why: String| Error::new(Status::Resolve, format!("cannot resolve \"{host}\": {why}"));
    let done = Signal::new().map_err(|error| failed(error.to_string()))?;
    let shared = Arc::new((done, Mutex::new(None)));
    let theirs = shared.clone();
    let question = (host.to_owned(), port);
    std::thread::Builder::new()
        .name("mcp-resolve".into())
        .spawn(move || {
            let answer = question.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
            *theirs.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            theirs.0.raise();
        })
        .map_err(|error| failed(format!("no thread: {error}")))?;
    wait.until_ready(shared.0.fd(), POLLIN).await?;
    let answer = shared.1.lock().unwrap_or_else(PoisonError::into_inner).take();
    match answer {
        Some(Ok(addresses)) if !addresses.is_empty() => Ok(in_turn(addresses)),
        Some(Err(error)) => Err(failed(format!("{error}; is the name right?"))),
        _ => Err(failed("it has no address".into())),
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
    fn gives_up_a_question_with_its_time() {
        let wait = Wait::for_at_most(Duration::ZERO);
        let error = now(Resolver::default().resolve("name.invalid", 80, &wait)).unwrap_err();
        assert_eq!(error.status(), Status::Timeout);
    }
}
