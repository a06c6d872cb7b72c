//! A client that is nothing but a socket.

#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use mcp_test_server::Server;
use serde_json::{Value, json};

pub const STATELESS: &str = "2026-07-28";

/// An answer that is being read.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    stream: BufReader<TcpStream>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The next chunk as text; None at the end in order.
    pub fn chunk(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim(), 16).expect("a chunk, not the end");
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).unwrap();
        (length > 0).then(|| String::from_utf8(bytes[..length].to_vec()).unwrap())
    }

    /// Whether the connection ends without the end of the answer.
    pub fn is_cut(&mut self) -> bool {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).unwrap();
        rest.is_empty()
    }

    /// The message of the next event.
    pub fn event(&mut self) -> Value {
        message_of(&self.chunk().expect("an event"))
    }

    /// The whole body.
    pub fn body(&mut self) -> Vec<u8> {
        let length = self.header("content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        body
    }

    pub fn json(&mut self) -> Value {
        serde_json::from_slice(&self.body()).unwrap()
    }
}

pub fn message_of(event: &str) -> Value {
    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    serde_json::from_str(data).unwrap()
}

pub fn id_of(event: &str) -> Option<&str> {
    event.lines().find_map(|line| line.strip_prefix("id: "))
}

/// Sends a request on a connection of its own.
pub fn send(server: &Server, method: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send_to(server, method, "/mcp", headers, body)
}

pub fn send_to(
    server: &Server,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Reply {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", server.address());
    let defaults =
        [("accept", "application/json, text/event-stream"), ("content-type", "application/json")];
    for (name, value) in defaults.iter().chain(headers) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim().split_once(": ") {
            Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
            None => return Reply { status, headers, stream },
        }
    }
}

/// A request of the stateless era.
pub fn ask(server: &Server, id: u64, method: &str, params: Value) -> Reply {
    ask_with(server, id, method, params, &[])
}

pub fn ask_with(
    server: &Server,
    id: u64,
    method: &str,
    mut params: Value,
    more: &[(&str, &str)],
) -> Reply {
    let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
    let key = |name: &str| format!("io.modelcontextprotocol/{name}");
    params["_meta"][key("protocolVersion")] = json!(STATELESS);
    params["_meta"][key("clientCapabilities")] = json!({});
    params["_meta"][key("clientInfo")] = json!({"name": "socket", "version": "1"});
    let mut headers = vec![("mcp-protocol-version", STATELESS), ("mcp-method", method)];
    if ["tools/call", "resources/read", "prompts/get"].contains(&method) {
        headers.push(("mcp-name", &name));
    }
    headers.extend_from_slice(more);
    let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    send(server, "POST", &headers, &body.to_string())
}

/// A session of the handshake era.
pub struct Session<'a> {
    pub server: &'a Server,
    pub id: String,
    pub version: String,
}

impl<'a> Session<'a> {
    pub fn begin(server: &'a Server, version: &str) -> Self {
        let params = json!({"protocolVersion": version, "capabilities": {"elicitation": {}},
            "clientInfo": {"name": "socket", "version": "1"}});
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        let mut reply = send(server, "POST", &[], &body.to_string());
        let id = reply.header("mcp-session-id").unwrap().to_owned();
        assert_eq!(reply.json()["result"]["protocolVersion"], version);
        let session = Self { server, id, version: version.to_owned() };
        let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(session.post(&note).status, 202);
        session
    }

    pub fn send(&self, method: &str, more: &[(&str, &str)], body: &str) -> Reply {
        let mut headers =
            vec![("mcp-session-id", self.id.as_str()), ("mcp-protocol-version", &self.version)];
        headers.extend_from_slice(more);
        send(self.server, method, &headers, body)
    }

    pub fn post(&self, message: &Value) -> Reply {
        self.send("POST", &[], &message.to_string())
    }

    pub fn ask(&self, id: u64, method: &str, params: Value) -> Reply {
        self.post(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    }

    pub fn call(&self, id: u64, tool: &str, arguments: Value) -> Reply {
        self.ask(id, "tools/call", json!({"name": tool, "arguments": arguments}))
    }

    pub fn get(&self, last: Option<&str>) -> Reply {
        let headers: Vec<_> = last.map(|last| ("last-event-id", last)).into_iter().collect();
        self.send("GET", &headers, "")
    }
}
