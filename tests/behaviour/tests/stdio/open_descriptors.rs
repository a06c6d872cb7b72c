//! Clients over open descriptors. The server is in this process, at the other end
//! of a socket or of pipes.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::Instant;

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, tests};
use serde_json::{Value, json};

/// What is answered to a message; `None` for nothing.
fn answer(message: &Value) -> Option<Value> {
    let id = &message["id"];
    let result = match message["method"].as_str()? {
        "server/discover" => {
            let error = json!({"code": -32601, "message": "Method not found"});
            return Some(json!({"jsonrpc": "2.0", "id": id, "error": error}));
        }
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "inside", "version": "1"}}),
        "tools/call" => {
            let text = message["params"]["arguments"].to_string();
            json!({"content": [{"type": "text", "text": text}]})
        }
        _ => json!({}),
    };
    (!id.is_null()).then(|| json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// Serves until the end of what is read; gives the methods that came.
fn serve(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
) -> JoinHandle<Vec<String>> {
    std::thread::spawn(move || {
        let mut methods = Vec::new();
        for line in BufReader::new(from).lines() {
            let Ok(line) = line else { break };
            let message: Value = serde_json::from_str(&line).expect("a message a line");
            methods.push(message["method"].as_str().unwrap_or("an answer").to_owned());
            if message["params"]["arguments"]["leave"] == true {
                break;
            }
            if let Some(answer) = answer(&message)
                && to.write_all(format!("{answer}\n").as_bytes()).is_err()
            {
                break;
            }
        }
        methods
    })
}

/// A client and its server over the two ends of a socket.
fn pair() -> (Client, JoinHandle<Vec<String>>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let fd = ours.into_raw_fd();
    let client = Client::fds(fd, fd).unwrap();
    client.set_timeout(40_000);
    (client, serve(theirs.try_clone().unwrap(), theirs))
}

fn is_open(fd: i32) -> bool {
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

tests! {
    one_socket_serves_both_ways {
        let (client, server) = pair();
        assert_eq!(client.connect().unwrap().server_name().as_deref(), Some("inside"));
        assert_eq!(client.transport(), MCP_TRANSPORT_STDIO);
        let answer = client.call("x", json!({"a": 1})).unwrap();
        assert_eq!(answer.told(), json!({"a": 1}));
        let text = "y".repeat(3_000_000);
        let answer = client.call("x", json!({"text": text})).unwrap();
        assert_eq!(answer.told()["text"], json!(text));
        client.close();
        let methods = server.join().unwrap();
        assert_eq!(methods, ["server/discover", "initialize", "notifications/initialized",
                             "tools/call", "tools/call"]);
        assert_eq!((client.count(MCP_COUNTER_STARTS), client.count(MCP_COUNTER_MALFORMED)), (0, 0));
    }

    two_pipes_serve_one_way_each {
        let (their_input, our_output) = std::io::pipe().unwrap();
        let (our_input, their_output) = std::io::pipe().unwrap();
        let server = serve(their_input, their_output);
        let client = Client::fds(our_input.into_raw_fd(), our_output.into_raw_fd()).unwrap();
        client.ping().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let client = &client;
                scope.spawn(move || {
                    for turn in 0..50 {
                        let wanted = json!({"t": thread, "n": turn});
                        assert_eq!(client.call("x", wanted.clone()).unwrap().told(), wanted);
                    }
                });
            }
        });
        let request = client.tool_request("x", json!({"b": 2})).unwrap();
        request.start().unwrap();
        assert_eq!(request.wait(30_000), 0);
        drop(request);
        drop(client);
        assert_eq!(server.join().unwrap().len(), 3 + 1 + 400 + 1);
    }

    free_closes_the_given_descriptors {
        for is_used in [false, true] {
            let (client, server) = pair();
            if is_used {
                client.ping().unwrap();
            }
            let start = Instant::now();
            drop(client);
            server.join().unwrap();
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        }
    }

    result_keeps_no_descriptor_open {
        let (client, server) = pair();
        let answer = client.call("x", json!({"a": 1})).unwrap();
        let request = client.tool_request("x", json!({})).unwrap();
        drop(client);
        server.join().unwrap();
        assert_eq!(answer.told(), json!({"a": 1}));
        assert_eq!(request.perform().unwrap_err().status, MCP_E_CLOSED);
    }

    invalid_descriptor_is_refused {
        for (read, write) in [(-1, -1), (9999, 9999), (i32::MAX, 0), (-1, 9999)] {
            let failure = Client::fds(read, write).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{read}, {write}");
            assert!(failure.message.contains("read_fd"), "{}", failure.message);
        }
        // The good one of two has been given away all the same.
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let failure = Client::fds(theirs.into_raw_fd(), -1).unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        assert!(failure.message.contains("write_fd -1"), "{}", failure.message);
        assert_eq!(ours.read(&mut [0]).unwrap(), 0, "closed");
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let fd = ours.as_raw_fd();
        assert!(Client::fds(9999, fd).is_err() && is_open(fd));
    }

    descriptors_are_not_inherited_by_children {
        let (ours, theirs) = UnixStream::pair().unwrap();
        // A number that no other test of this process gets in the meantime.
        let fd = unsafe { libc::fcntl(ours.as_raw_fd(), libc::F_DUPFD, 900) };
        drop(ours);
        let client = Client::fds(fd, fd).unwrap();
        let flags = unsafe { (libc::fcntl(fd, libc::F_GETFD), libc::fcntl(fd, libc::F_GETFL)) };
        assert!(flags.0 & libc::FD_CLOEXEC != 0 && flags.1 & libc::O_NONBLOCK != 0, "{flags:?}");
        drop((client, theirs));
        assert!(!is_open(fd));
    }

    ping_before_the_first_answer_is_answered {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        client.set_timeout(40_000);
        let server = std::thread::spawn(move || {
            let mut to = theirs.try_clone().unwrap();
            let mut lines = BufReader::new(theirs).lines().map(|line| {
                serde_json::from_str::<Value>(&line.unwrap()).unwrap()
            });
            let mut next = |send: String| {
                to.write_all(send.as_bytes()).unwrap();
                lines.next().unwrap()
            };
            let ping = |id: &str| {
                format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": "ping"}))
            };
            let probe = next(String::new());
            let pong = next(ping("a"));
            assert_eq!(pong, json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
            let initialize = next(format!("{}\n", answer(&probe).unwrap()));
            let pong = next(ping("b"));
            assert_eq!(pong["id"], "b");
            // One with the answer, and one behind it.
            let pong = next(format!("{}\n{}", answer(&initialize).unwrap(), ping("c")));
            assert_eq!(pong["id"], "c");
            let initialized = next(String::new());
            assert_eq!(initialized["method"], "notifications/initialized");
            let call = next(String::new());
            let _ = next(format!("{}\n{}", answer(&call).unwrap(), ping("d")));
        });
        client.ping().unwrap();
        server.join().unwrap();
    }

    end_of_the_stream_ends_the_client {
        let (client, server) = pair();
        client.ping().unwrap();
        let start = Instant::now();
        let failure = client.call("x", json!({"leave": true})).unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_IO, -1));
        assert!(failure.may_have_run && failure.message.contains("closed its stream"));
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        server.join().unwrap();
        for _ in 0..3 {
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_IO);
            assert!(failure.message.contains("another client"), "{}", failure.message);
        }
        assert_eq!(client.count(MCP_COUNTER_RECONNECTIONS), 0);
        assert_eq!(client.count(MCP_COUNTER_REPETITIONS), 0);
    }

    repeatable_call_is_not_repeated_over_descriptors {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        let server = std::thread::spawn(move || {
            let mut to = theirs.try_clone().unwrap();
            for line in BufReader::new(theirs).lines() {
                let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
                if message["method"] == "tools/list" {
                    to.write_all(b"{\"jsonrpc\":\"2.0\",\"id\"").unwrap();
                    break;
                }
                if let Some(answer) = answer(&message) {
                    to.write_all(format!("{answer}\r\n\n").as_bytes()).unwrap();
                }
            }
        });
        let failure = client.list_tools().unwrap_err();
        assert_eq!(failure.status, MCP_E_IO);
        assert!(failure.message.contains("in the middle of a message"), "{}", failure.message);
        server.join().unwrap();
    }

    closed_peer_is_an_error_without_a_signal {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_IO);
        let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
        let fd = null.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_IO);
    }

    silent_peer_is_a_timeout {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        client.set_timeout(100);
        let start = Instant::now();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_TIMEOUT);
        assert!(start.elapsed() < AT_ONCE);
        // The streams are good for one session, and none came of them.
        assert_eq!(client.ping().unwrap_err().status, MCP_E_IO);
    }

    peer_that_does_not_read_is_a_timeout {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fd = ours.into_raw_fd();
        let client = Client::fds(fd, fd).unwrap();
        client.pin("2025-11-25").unwrap();
        let mut to = theirs.try_clone().unwrap();
        let mut from = BufReader::new(theirs);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut line = String::new();
                from.read_line(&mut line).unwrap();
                let reply = answer(&serde_json::from_str(&line).unwrap()).unwrap();
                to.write_all(format!("{reply}\n").as_bytes()).unwrap();
            });
            client.connect().unwrap();
        });
        client.set_timeout(200);
        let text = "z".repeat(5_000_000);
        for _ in 0..2 {
            let start = Instant::now();
            let failure = client.call("x", json!({"text": text})).unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        }
        let start = Instant::now();
        client.close();
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    }

    process_options_are_unsupported {
        let (client, _server) = pair();
        for tried in [client.set_env("A", Some("b")), client.set_directory(Some("/")),
                      client.set_stderr(MCP_STDERR_DISCARD), client.set_stderr_fd(2),
                      client.set_restart(true), client.set_token(Some("t"))] {
            assert_eq!(tried.unwrap_err().status, MCP_E_UNSUPPORTED);
        }
        client.ping().unwrap();
    }
}
