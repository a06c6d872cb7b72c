//! Form bodies, and the requests of a browser.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A form or a query, decoded, in its order.
#[derive(Clone, Debug, Default)]
pub struct Form(pub Vec<(String, String)>);

impl Form {
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        });
        Self(pairs.collect())
    }

    /// Of an address.
    pub fn of_url(url: &str) -> Self {
        let query = url.split('#').next().and_then(|url| url.split_once('?'));
        Self::parse(query.map_or("", |(_, query)| query))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// "" where it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    pub fn repeated(&self) -> Option<&str> {
        let names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        let mut all = names.iter().enumerate();
        all.find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| *name)
    }
}

pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' => out.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => out.push(byte.into()),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

pub fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'0'), bytes.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            _ => byte,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub struct Page {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Page {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.split("\r\n").filter_map(|line| line.split_once(':'));
        let found = lines.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim())
    }
}

/// Asks for a page of this machine, and follows nothing.
pub fn get(url: &str) -> std::io::Result<Page> {
    send("GET", url, None)
}

pub fn send(method: &str, url: &str, host: Option<&str>) -> std::io::Result<Page> {
    let wrong = || std::io::Error::other(format!("no http:// address: {url}"));
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let address = authority.replace("localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(&address)?;
    stream.set_read_timeout(Some(crate::SOON))?;
    let host = host.unwrap_or(authority);
    let slash = if target.starts_with('/') { "" } else { "/" };
    let head =
        format!("{method} {slash}{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    // The test server keeps connections: the length is the end.
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
            let page = Page { status, head: head.to_owned(), body: body.to_owned() };
            let length = page.header("content-length").and_then(|text| text.parse().ok());
            if length.is_some_and(|length: usize| page.body.len() >= length) {
                return Ok(page);
            }
        }
        let count = match stream.read(&mut chunk) {
            // A read with a time limit is not started again after a signal.
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        match count {
            0 => {
                let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
                let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
                return Ok(Page {
                    status: status.unwrap_or(0),
                    head: head.to_owned(),
                    body: body.to_owned(),
                });
            }
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
