//! The tunnel of a proxy: CONNECT (RFC 9110, section 9.3.6).

use crate::base::error::{Error, Result, Status, io_reason};
use crate::platform;
use crate::transport::proxy::Proxy;
use crate::transport::socket::Broken;
use crate::transport::stream::ByteStream;
use crate::transport::wait::Wait;
use crate::wire::http1::Head;
use crate::wire::url::Origin;

/// Asks the proxy to forward everything that follows to the origin.
pub(crate) async fn ask(
    stream: &mut ByteStream,
    origin: &Origin,
    proxy: &Proxy,
    wait: &Wait,
) -> Result<()> {
    let mut request = request(origin, proxy);
    let sent = stream.send([&request, &[], &[], &[]], &mut 0, wait).await;
    // The request holds the credential.
    platform::wipe(&mut request);
    // A proxy that refuses may have closed before it has read all of the
    // request; its response is read all the same.
    if let Err(Broken::Wait(error)) = sent {
        return Err(error);
    }
    let mut input = Vec::new();
    let mut piece = [0; 1024];
    loop {
        match stream.receive(&mut piece, wait).await {
            Ok(0) => return Err(failed("it closed the connection without a response".into())),
            Ok(count) => input.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(Broken::Wait(error)) => return Err(error),
            Err(Broken::Connection(error)) => return Err(failed(io_reason(&error))),
        }
        while let Some((head, length)) = parse(&input)? {
            if head.is_interim() {
                input.drain(..length);
                continue;
            }
            return match head.status {
                // The server does not send before the client has.
                200..=299 if input.len() > length => {
                    Err(failed("it sent data after its response".into()))
                }
                200..=299 => Ok(()),
                407 => Err(failed(
                    "it asks for a user name and a password (407); put them into its URL".into(),
                )),
                status => Err(failed(format!("it responded with status {status}"))),
            };
        }
    }
}

/// Written into one buffer of sufficient size: a buffer that grows would leave
/// copies of the credential behind.
fn request(origin: &Origin, proxy: &Proxy) -> Vec<u8> {
    let target = origin.host_and_port();
    let credential = proxy.authorization().unwrap_or_default();
    let mut out = String::with_capacity(2 * target.len() + credential.len() + 128);
    for part in ["CONNECT ", &target, " HTTP/1.1\r\nHost: ", &target] {
        out.push_str(part);
    }
    out.push_str("\r\nProxy-Connection: Keep-Alive\r\n");
    if !credential.is_empty() {
        for part in ["Proxy-Authorization: ", credential, "\r\n"] {
            out.push_str(part);
        }
    }
    out.push_str("\r\n");
    out.into_bytes()
}

fn parse(input: &[u8]) -> Result<Option<(Head, usize)>> {
    Head::parse(input).map_err(|error| failed(error.message().to_owned()))
}

fn failed(why: String) -> Error {
    Error::new(Status::Proxy, why)
}
