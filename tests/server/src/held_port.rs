//! A port that no other program of the machine gets.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of 127.0.0.1 at which nobody listens: connections to it are refused. A
/// [`Server`](crate::Server) may listen there, and stop, and listen again.
#[derive(Debug)]
pub struct HeldPort {
    // It is bound and never listens, so the system gives this port to no program
    // that asks for a free one. A server that asks for it by its number may share
    // it, because both have SO_REUSEADDR.
    socket: TcpSocket,
}

impl HeldPort {
    pub fn new() -> std::io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { socket })
    }

    pub fn number(&self) -> u16 {
        self.socket.local_addr().expect("a bound socket").port()
    }
}
