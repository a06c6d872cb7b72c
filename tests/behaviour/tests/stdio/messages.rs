//! Messages over stdio: negotiation, malformed and long lines, abandoned calls,
//! and many calls at once.

use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, SOON, StdioServer, stdio_server, tests};
use mcp_test_server::await_true;
use mcp_test_server::behaviour::JUNK_LINES;
use serde_json::json;

const ERAS: [&str; 2] = ["stateless", "handshake"];

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn version(client: &Client) -> String {
    client.connect().unwrap().protocol_version().unwrap()
}

/// How many bytes wait in the standard input of a process.
fn unread(pid: i32) -> i32 {
    let input = std::fs::File::open(format!("/proc/{pid}/fd/0")).unwrap();
    let mut count = 0;
    assert_eq!(unsafe { libc::ioctl(input.as_raw_fd(), libc::FIONREAD, &mut count) }, 0);
    count
}

/// A client of each era, and its server.
fn eras(options: &str) -> [(StdioServer, Client); 2] {
    ERAS.map(|era| {
        let peer = stdio_server!("--revisions {era} {options}");
        let client = peer.client();
        (peer, client)
    })
}

tests! {
    both_eras_are_negotiated {
        for (revisions, agreed) in [("both", "2026-07-28"), ("stateless", "2026-07-28"),
                                    ("handshake", "2025-11-25"), ("2025-06-18", "2025-06-18"),
                                    ("2024-11-05", "2024-11-05")] {
            let peer = stdio_server!("--revisions {revisions}");
            let client = peer.client();
            assert_eq!(version(&client), agreed, "{revisions}");
            assert_eq!(client.call("echo", json!({"a": 1})).unwrap().told(), json!({"a": 1}));
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
            let asked = (peer.count("server/discover"), peer.count("initialize"));
            let is_new = agreed == "2026-07-28";
            assert_eq!(asked, (1, usize::from(!is_new)), "{revisions}");
            assert_eq!(peer.count("notifications/initialized"), usize::from(!is_new));
            peer.has_no_complaint();
        }
    }

    large_arguments_are_sent_as_one_line {
        for (peer, client) in eras("") {
            for size in [16_300, 16_400, 65_536, 1_000_000] {
                let text = "x".repeat(size);
                let arguments = format!("{{\n\"a\": \"{text}\\n\",\n\"b\": 1\n}}");
                let params = format!("{{\"name\":\"echo\",\"arguments\":{arguments}}}");
                let request = client.request("tools/call", Some(&params)).unwrap();
                let expected: serde_json::Value = serde_json::from_str(&arguments).unwrap();
                assert_eq!(request.perform().unwrap().told(), expected);
            }
            peer.has_no_complaint();
        }
    }

    pinned_revision_is_requested_at_once {
        for pinned in ["2026-07-28", "2025-11-25", "2025-03-26", "2024-11-05"] {
            let peer = stdio_server!("");
            let client = peer.client();
            client.pin(pinned).unwrap();
            assert_eq!(version(&client), pinned);
            client.ping().unwrap();
            let is_new = pinned == "2026-07-28";
            assert_eq!(peer.count("initialize"), usize::from(!is_new));
            peer.has_no_complaint();
        }
        for (pinned, spoken) in [("2026-07-28", "handshake"), ("2025-11-25", "stateless"),
                                 ("2025-03-26", "2025-06-18")] {
            let peer = stdio_server!("--revisions {spoken}");
            let client = peer.client();
            client.pin(pinned).unwrap();
            let failure = client.connect().unwrap_err();
            assert_eq!(failure.status, MCP_E_VERSION, "{pinned}: {}", failure.message);
        }
    }

    server_that_ignores_the_probe_gets_initialize {
        let peer = stdio_server!("--revisions handshake --behaviour silent-discover");
        let client = peer.client();
        client.set_connect_timeout(200);
        let start = Instant::now();
        assert_eq!(version(&client), "2025-11-25");
        assert!(start.elapsed() >= milliseconds(200) && start.elapsed() < AT_ONCE);
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        assert_eq!(peer.count("notifications/cancelled"), 0, "a probe is not cancelled");
        client.call("exit", json!({})).unwrap_err();
        // The verdict is remembered.
        client.ping().unwrap();
        assert_eq!(peer.count("server/discover"), 1);
        peer.has_no_complaint();
    }

    server_that_exits_on_the_probe_is_started_again {
        let peer = stdio_server!("--revisions handshake --behaviour dies-on-discover");
        let client = peer.client();
        assert_eq!(version(&client), "2025-11-25");
        assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
        client.call("exit", json!({})).unwrap_err();
        client.ping().unwrap();
        assert_eq!(client.count(MCP_COUNTER_STARTS), 3, "the verdict is remembered");
        assert_eq!(peer.count("server/discover"), 1);
        peer.has_no_complaint();
    }

    probe_that_locks_a_server_into_the_stateless_era_is_repeated {
        let peer = stdio_server!("--behaviour locks-modern");
        let client = peer.client();
        client.set_connect_timeout(200);
        assert_eq!(version(&client), "2026-07-28");
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        assert_eq!(peer.count("server/discover"), 1, "its late response decides");
        client.call("echo", json!({})).unwrap();
    }

    server_that_starts_slowly_is_waited_for {
        let peer = stdio_server!("--behaviour slow-start 1500");
        let client = peer.client();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.call("echo", json!({})).unwrap());
            }
        });
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        assert_eq!(version(&client), "2026-07-28");
    }

    malformed_lines_are_skipped_and_counted {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era} --behaviour junk");
            let client = peer.client();
            client.connect().unwrap();
            let before = client.count(MCP_COUNTER_MALFORMED);
            for number in 0..5 {
                let answer = client.call("echo", json!({"n": number})).unwrap();
                assert_eq!(answer.told(), json!({"n": number}));
            }
            let junk = client.count(MCP_COUNTER_MALFORMED) - before;
            assert_eq!(junk, 5 * JUNK_LINES as i64, "{era}");
            peer.has_no_complaint();
        }
    }

    invalid_response_fails_its_call_only {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            for how in ["no-result", "both", "result-array", "no-version", "error-string"] {
                client.set_timeout(500);
                let Err(failure) = client.call("malformed", json!({"how": how})) else { continue };
                let expected = [MCP_E_PROTOCOL, MCP_E_TIMEOUT, MCP_E_RPC];
                assert!(expected.contains(&failure.status), "{how}: {failure:?}");
            }
            client.set_timeout(40_000);
            client.call("echo", json!({})).unwrap();
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
            drop(peer);
        }
    }

    ten_megabytes_are_sent_and_received {
        for (peer, client) in eras("") {
            client.set_timeout(40_000);
            let text = "y\u{e9}\n".repeat(2_500_000);
            let answer = client.call("echo", json!({"text": text})).unwrap();
            assert!(answer.told()["text"] == json!(text), "{} bytes", answer.text().len());
            client.ping().unwrap();
            drop(answer);
            peer.has_no_complaint();
        }
    }

    response_over_the_limit_fails_its_call_only {
        for (peer, client) in eras("") {
            client.set_max_message_size(100_000);
            client.connect().unwrap();
            let other = client.tool_request("slow", json!({"steps": 4, "pause": 150})).unwrap();
            other.start().unwrap();
            peer.awaits("tools/call", 1);
            for _ in 0..2 {
                let failure = client.call("text", json!({"size": 5_000_000})).unwrap_err();
                assert_eq!(failure.status, MCP_E_TOO_LARGE, "{failure:?}");
                assert!(failure.may_have_run && failure.message.contains("100000"));
            }
            assert_eq!(client.call("text", json!({"size": 90_000})).unwrap().text().len(), 90_000);
            assert_eq!(other.wait(30_000), 0);
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
            peer.has_no_complaint();
        }
    }

    server_that_writes_before_it_reads_causes_no_deadlock {
        let peer = stdio_server!("--behaviour write-only-after-read");
        let client = peer.client();
        let text = "z".repeat(300_000);
        for _ in 0..2 {
            client.call("echo", json!({"text": text})).unwrap();
        }
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.call("echo", json!({"text": text})).unwrap());
            }
        });
        peer.has_no_complaint();
    }

    line_of_an_abandoned_call_is_completed {
        for (peer, client) in eras("--behaviour slow-reader") {
            let pid = client.pid();
            let text = "w".repeat(80_000);
            let request = client.tool_request("echo", json!({"text": text})).unwrap();
            let cancel = Cancel::new();
            request.set_cancel(&cancel);
            std::thread::scope(|scope| {
                let call = scope.spawn(|| request.perform().unwrap_err());
                assert!(await_true(SOON, || unread(pid) > 10_000), "{}", unread(pid));
                let fired = Instant::now();
                cancel.fire();
                let failure = call.join().unwrap();
                assert!(fired.elapsed() < AT_ONCE, "{:?}", fired.elapsed());
                assert_eq!(failure.status, MCP_E_CANCELLED);
                assert!(failure.may_have_run);
            });
            client.set_timeout(300);
            assert_eq!(client.call("echo", json!({})).unwrap_err().status, MCP_E_TIMEOUT);
            drop(peer);
        }
        // Not so slow: the same in the time of a test.
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let text = "w".repeat(3_000_000);
            for turn in 0..20 {
                let request = client.tool_request("echo", json!({"text": text})).unwrap();
                request.set_timeout(1 + turn % 7);
                let _ = request.perform();
            }
            assert_eq!(client.call("echo", json!({"a": 1})).unwrap().told(), json!({"a": 1}));
            peer.has_no_complaint();
        }
    }

    timed_out_call_is_cancelled_at_the_server {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            request.set_timeout(500);
            let start = Instant::now();
            let failure = request.perform().unwrap_err();
            assert_eq!(failure.status, MCP_E_TIMEOUT);
            assert!(start.elapsed() >= milliseconds(500) && start.elapsed() < AT_ONCE);
            assert!(failure.may_have_run);
            peer.awaits("notifications/cancelled", 1);
            let call = &peer.of("tools/call")[0];
            let taken_back = &peer.of("notifications/cancelled")[0];
            assert_eq!(taken_back["params"]["requestId"], call["id"]);
            peer.has_no_complaint();
        }
    }

    cancel_returns_at_once_and_is_sent_to_the_server {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let request = client.tool_request("hang", json!({})).unwrap();
            for started in [false, true] {
                let cancel = Cancel::new();
                request.set_cancel(&cancel);
                let before = peer.count("notifications/cancelled");
                let call = peer.count("tools/call") + 1;
                std::thread::scope(|scope| {
                    let wait = if started {
                        request.start().unwrap();
                        scope.spawn(|| request.wait(30_000))
                    } else {
                        scope.spawn(|| request.perform().unwrap_err().status)
                    };
                    peer.awaits("tools/call", call);
                    let fired = Instant::now();
                    cancel.fire();
                    assert_eq!(wait.join().unwrap(), MCP_E_CANCELLED);
                    assert!(fired.elapsed() < AT_ONCE, "{:?}", fired.elapsed());
                });
                peer.awaits("notifications/cancelled", before + 1);
            }
            peer.has_no_complaint();
        }
    }

    late_response_is_dropped_and_counted {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let request = client.tool_request("slow", json!({"steps": 1, "pause": 60_000})).unwrap();
            request.set_timeout(150);
            assert_eq!(request.perform().unwrap_err().status, MCP_E_TIMEOUT);
            let arguments = json!({"pause": 0, "messages": [
                {"jsonrpc": "2.0", "id": 9999, "result": {}},
                {"jsonrpc": "2.0", "id": "text", "result": {}},
                {"jsonrpc": "2.0", "id": 9998, "error": {"code": -1, "message": "late"}}]});
            let before = client.count(MCP_COUNTER_DROPPED_REPLIES);
            client.call("later", arguments).unwrap();
            let has_three = || client.count(MCP_COUNTER_DROPPED_REPLIES) >= before + 3;
            assert!(await_true(SOON, has_three), "{}", client.count(MCP_COUNTER_DROPPED_REPLIES));
            client.ping().unwrap();
            drop(peer);
        }
    }

    responses_in_another_order_reach_their_calls {
        const THREADS: usize = 32;
        for (peer, client) in eras("") {
            client.connect().unwrap();
            std::thread::scope(|scope| {
                for number in 0..THREADS {
                    let client = &client;
                    scope.spawn(move || {
                        let mut arguments = json!({"label": number.to_string(), "n": number});
                        if number + 1 < THREADS {
                            arguments["after_label"] = json!((number + 1).to_string());
                        }
                        let answer = client.call("echo", arguments).unwrap();
                        assert_eq!(answer.told()["n"], number);
                    });
                }
            });
            assert_eq!(client.count(MCP_COUNTER_DROPPED_REPLIES), 0);
            peer.has_no_complaint();
        }
    }

    threads_make_different_calls_at_once {
        for (peer, client) in eras("") {
            std::thread::scope(|scope| {
                for thread in 0..32 {
                    let client = &client;
                    scope.spawn(move || {
                        for turn in 0..20 {
                            match (thread + turn) % 6 {
                                0 => drop(client.list_tools().unwrap()),
                                1 => drop(client.list_prompts().unwrap()),
                                2 => drop(client.read("test://text").unwrap()),
                                3 => client.set_log_level(MCP_LOG_EMERGENCY).unwrap(),
                                4 => {
                                    let wanted = json!({"t": thread, "n": turn});
                                    let answer = client.call("echo", wanted.clone()).unwrap();
                                    assert_eq!(answer.told(), wanted);
                                }
                                _ => {
                                    let size = 1000 * thread;
                                    let answer =
                                        client.call("text", json!({"size": size})).unwrap();
                                    assert_eq!(answer.text().len(), size);
                                }
                            }
                        }
                    });
                }
            });
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
            assert_eq!(client.count(MCP_COUNTER_DROPPED_REPLIES), 0);
            peer.has_no_complaint();
        }
    }

    many_started_requests_run_at_once {
        const COUNT: usize = 200;
        for (peer, client) in eras("") {
            let requests: Vec<_> = (0..COUNT)
                .map(|number| {
                    let arguments = json!({"label": number.to_string(), "n": number,
                        "after_label": ((number + 1) % (COUNT + 1)).to_string()});
                    let mut arguments = arguments;
                    if number + 1 == COUNT {
                        arguments.as_object_mut().unwrap().remove("after_label");
                    }
                    client.tool_request("echo", arguments).unwrap()
                })
                .collect();
            for request in &requests {
                request.start().unwrap();
            }
            // Others get their answers meanwhile.
            client.call("echo", json!({})).unwrap();
            for (number, request) in requests.iter().enumerate() {
                assert_eq!(request.wait(30_000), 0);
                assert_eq!(request.take_result().unwrap().told()["n"], number);
            }
            peer.has_no_complaint();
        }
    }

    freed_request_is_cancelled_at_the_server {
        for (peer, client) in eras("") {
            client.connect().unwrap();
            let requests: Vec<_> = (0..20)
                .map(|_| client.tool_request("hang", json!({})).unwrap())
                .collect();
            for request in &requests {
                request.start().unwrap();
            }
            peer.awaits("tools/call", 20);
            drop(requests);
            peer.awaits("notifications/cancelled", 20);
            client.call("echo", json!({})).unwrap();
            peer.has_no_complaint();
        }
    }
}
