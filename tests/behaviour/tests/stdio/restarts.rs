//! Servers that exit unexpectedly: the error of the call, what is restarted, and
//! what is sent again.

use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{
    AT_ONCE, Client, EventLog, Request, SOON, await_forks, is_reaped, stdio_server, tests,
};
use mcp_test_server::await_true;
use serde_json::{Value, json};

const ERAS: [&str; 2] = ["stateless", "handshake"];

fn push(client: &Client, method: &str, params: Value) -> String {
    client.call("push", json!({"method": method, "params": params})).unwrap().text()
}

const TOOLS_CHANGED: &str = "notifications/tools/list_changed";

/// Ends the server between two calls.
fn leaves(client: &Client) {
    client.call("exit", json!({"answers": true, "status": 5})).unwrap();
}

fn counts(client: &Client) -> [i64; 3] {
    [MCP_COUNTER_STARTS, MCP_COUNTER_RECONNECTIONS, MCP_COUNTER_REPETITIONS]
        .map(|counter| client.count(counter))
}

/// A call that fails with the end of the server, at once.
fn fails(call: impl FnOnce() -> behaviour::Outcome<()>) -> behaviour::Failure {
    let start = Instant::now();
    let failure = call().unwrap_err();
    assert!(start.elapsed() < AT_ONCE, "{:?}: {failure:?}", start.elapsed());
    assert_eq!(failure.status, MCP_E_PROCESS, "{failure:?}");
    failure
}

/// Fails as often as the reply breaks off, and is not sent again for that.
fn echo(client: &Client) -> behaviour::Outcome<()> {
    client.call("echo", json!({"a": 1})).map(drop)
}

tests! {
    server_that_ends_before_its_first_answer_is_an_error {
        let peer = stdio_server!("--behaviour crash-first");
        for pinned in [None, Some("2026-07-28"), Some("2025-11-25")] {
            let client = peer.client();
            if let Some(version) = pinned {
                client.pin(version).unwrap();
            }
            let failure = fails(|| client.ping());
            assert_eq!(failure.exit_status, 3);
            // The server may have exited because of the first request.
            let starts = if pinned.is_none() { 2 } else { 1 };
            assert_eq!(client.count(MCP_COUNTER_STARTS), starts, "{pinned:?}");
            fails(|| client.ping());
        }
        let peer = stdio_server!("--behaviour crash-first").once();
        let client = peer.client();
        client.ping().unwrap();
        assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
    }

    exit_during_a_call_is_reported_at_once {
        for era in ERAS {
            for (behaviour, status, words) in [
                ("crash-midline", 3, "exit status 3"),
                ("abort", 128 + libc::SIGABRT, "signal 6"),
                ("kill", 128 + libc::SIGKILL, "signal 9"),
            ] {
                let after = if era == "stateless" { 1 } else { 2 };
                let peer =
                    stdio_server!("--revisions {era} --behaviour {behaviour} --after {after}").once();
                let client = peer.connected();
                let failure = fails(|| echo(&client));
                assert_eq!(failure.exit_status, status, "{behaviour}: {failure:?}");
                assert!(failure.message.contains(words), "{}", failure.message);
                assert!(failure.may_have_run);
                // The next call starts it again.
                echo(&client).unwrap();
                assert_eq!(counts(&client), [2, 1, 0], "{behaviour}");
                peer.has_no_complaint();
            }
        }
    }

    exit_status_and_standard_error_are_reported {
        for (arguments, status) in [
            (json!({"status": 0, "text": "bye"}), 0),
            (json!({"status": 255, "text": "bye"}), 255),
            (json!({"signal": libc::SIGSEGV, "text": "bye"}), 128 + libc::SIGSEGV),
            (json!({"signal": libc::SIGTERM, "text": "bye"}), 128 + libc::SIGTERM),
        ] {
            let peer = stdio_server!("");
            let client = peer.connected();
            let failure = fails(|| client.call("exit", arguments).map(drop));
            assert_eq!(failure.exit_status, status);
            assert!(failure.message.contains("\"bye\""), "{}", failure.message);
        }
    }

    incomplete_response_is_a_timeout {
        let peer = stdio_server!("--behaviour partial-then-nothing --after 1").once();
        let client = peer.connected();
        client.set_timeout(1000);
        let failure = echo(&client).unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_TIMEOUT, -1));
        assert!(failure.may_have_run);
        // It is in the middle of a line for good.
        assert_eq!(echo(&client).unwrap_err().status, MCP_E_TIMEOUT);
        peer.has_no_complaint();
    }

    server_that_closes_its_output_is_restarted {
        let peer = stdio_server!("--behaviour close-stdout --after 1").once();
        let client = peer.connected();
        let failure = fails(|| echo(&client));
        assert_eq!(failure.exit_status, -1);
        assert!(failure.message.contains("closed its standard output"), "{}", failure.message);
        echo(&client).unwrap();
        assert_eq!(counts(&client), [2, 1, 0]);
        peer.awaits_note("eof");
    }

    server_that_closes_its_input_is_restarted {
        let peer = stdio_server!("--behaviour refuses-input --after 1").once();
        let client = peer.connected();
        peer.awaits_note("closed");
        await_forks();
        let start = Instant::now();
        // Never sent, so that it may be sent to another one.
        echo(&client).unwrap();
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert_eq!(counts(&client), [2, 1, 1]);
        peer.has_no_complaint();
    }

    response_before_the_exit_of_the_server_is_read {
        let peer = stdio_server!("--behaviour crash-after 2").once();
        let client = peer.client();
        client.connect().unwrap();
        let pid = client.pid();
        assert!(await_true(SOON, || is_reaped(pid)), "nobody waits for it");
        echo(&client).unwrap();
        assert_eq!(counts(&client)[..2], [2, 1]);
    }

    exit_of_the_server_ends_all_calls {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era}");
            let client = peer.connected();
            std::thread::scope(|scope| {
                let calls: Vec<_> = (0..16)
                    .map(|_| scope.spawn(|| (client.call("hang", json!({})), Instant::now())))
                    .collect();
                let started: Vec<Request> = (0..16)
                    .map(|_| client.tool_request("hang", json!({})).unwrap())
                    .collect();
                for request in &started {
                    request.start().unwrap();
                }
                peer.awaits("tools/call", 32);
                let start = Instant::now();
                fails(|| client.call("exit", json!({"status": 9})).map(drop));
                for call in calls {
                    let (outcome, end) = call.join().unwrap();
                    let failure = outcome.unwrap_err();
                    assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 9));
                    assert!(failure.may_have_run && end - start < AT_ONCE);
                }
                for request in &started {
                    assert_eq!(request.wait(30_000), MCP_E_PROCESS);
                }
            });
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1, "nobody has called since");
            client.ping().unwrap();
            assert_eq!(counts(&client), [2, 1, 0]);
        }
    }

    exit_between_calls_goes_unnoticed {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era}");
            let client = peer.connected();
            for turn in 1..=3 {
                let pid = client.pid();
                leaves(&client);
                assert!(await_true(SOON, || is_reaped(pid)), "nobody waits for it");
                echo(&client).unwrap();
                assert_eq!(counts(&client)[..2], [turn + 1, turn]);
            }
            // The same when the call comes before the end was seen.
            for _ in 0..20 {
                leaves(&client);
                let _ = echo(&client);
            }
            echo(&client).unwrap();
            peer.has_no_complaint();
        }
    }

    reads_are_repeated_and_tools_are_not {
        for era in ERAS {
            let after = if era == "stateless" { 1 } else { 2 };
            let peer = || stdio_server!("--revisions {era} --behaviour kill --after {after}").once();
            let one = peer();
            let client = one.connected();
            client.list_tools().unwrap();
            assert_eq!(counts(&client), [2, 1, 1]);
            assert_eq!(one.count("tools/list"), 2);
            let one = peer();
            let client = one.connected();
            assert!(fails(|| echo(&client)).may_have_run);
            assert_eq!((one.count("tools/call"), counts(&client)), (1, [1, 0, 0]));
            let one = peer();
            let client = one.connected();
            let request = client.tool_request("echo", json!({})).unwrap();
            request.set_repeatable(true).unwrap();
            request.perform().unwrap();
            assert_eq!((one.count("tools/call"), counts(&client)), (2, [2, 1, 1]));
            // "echo" says of itself that it is idempotent.
            let after = after + 1;
            let one = stdio_server!("--revisions {era} --behaviour kill --after {after}").once();
            let client = one.connected();
            client.set_repeat_tools(true).unwrap();
            client.list_tools().unwrap();
            echo(&client).unwrap();
            assert_eq!((one.count("tools/call"), counts(&client)), (2, [2, 1, 1]));
            one.has_no_complaint();
        }
    }

    restarts_are_limited {
        let peer = stdio_server!("--revisions stateless --behaviour kill --after 1");
        let client = peer.connected();
        let failure = fails(|| client.list_tools().map(drop));
        assert_eq!(failure.exit_status, 128 + libc::SIGKILL);
        assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
    }

    restart_can_be_turned_off {
        for era in ERAS {
            let after = if era == "stateless" { 1 } else { 2 };
            let peer = stdio_server!("--revisions {era} --behaviour kill --after {after}").once();
            let client = peer.client();
            client.set_restart(false).unwrap();
            client.connect().unwrap();
            // Also one that might be repeated says how the server ended.
            let failure = fails(|| client.list_tools().map(drop));
            assert_eq!(failure.exit_status, 128 + libc::SIGKILL, "{failure:?}");
            for _ in 0..2 {
                let failure = fails(|| client.ping());
                assert!(failure.message.contains("MCP_ALLOW_RESTART"), "{failure:?}");
                assert!(!failure.may_have_run);
            }
            assert_eq!(counts(&client), [1, 0, 0]);
            client.set_restart(true).unwrap();
            client.ping().unwrap();
            assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
        }
    }

    upgraded_server_is_negotiated_again {
        let peer = stdio_server!("");
        let argv = peer.argv();
        let marker = peer.directory().join("upgraded");
        for (before, after, agreed) in [("2025-06-18", "2025-11-25", "2025-11-25"),
                                        ("handshake", "stateless", "2026-07-28"),
                                        ("stateless", "handshake", "2025-11-25"),
                                        ("2025-11-25", "2024-11-05", "2024-11-05")] {
            let _ = std::fs::remove_file(&marker);
            let script = format!(
                "if [ -e '{0}' ]; then exec \"$@\" --revisions {after}; \
                 else touch '{0}'; exec \"$@\" --revisions {before}; fi",
                marker.display()
            );
            let mut all = vec!["sh", "-c", script.as_str(), "sh"];
            all.extend(&argv);
            let client = Client::stdio(&all);
            client.connect().unwrap();
            leaves(&client);
            let version = || client.connect().unwrap().protocol_version().unwrap();
            assert!(await_true(SOON, || version() == agreed), "{before}, {after}: {}", version());
            echo(&client).unwrap();
        }
        peer.has_no_complaint();
    }

    restart_restores_the_session {
        let peer = stdio_server!("--revisions handshake");
        let client = peer.client();
        let events = EventLog::by(&client);
        client.set_roots(Some(json!([{"uri": "file:///a"}]))).unwrap();
        client.set_log_level(MCP_LOG_EMERGENCY).unwrap();
        client.subscribe("test://text").unwrap();
        let before = (peer.count("logging/setLevel"), peer.count("resources/subscribe"));
        leaves(&client);
        // The background starts it again for what it wants to hear.
        events.awaits(&client, MCP_EVENT_LISTENING, 2);
        let after = (peer.count("logging/setLevel"), peer.count("resources/subscribe"));
        assert_eq!(after, (before.0 + 1, before.1 + 1));
        client.call("log", json!({})).unwrap();
        events.awaits(&client, MCP_EVENT_LOG, 1);
        assert_eq!(events.of(MCP_EVENT_LOG).len(), 1);
        push(&client, "notifications/resources/updated", json!({"uri": "test://text"}));
        events.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
        peer.has_no_complaint();
    }

    listen_continues_after_a_restart {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era}");
            let client = peer.client();
            let events = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            for turn in 1..=2 {
                push(&client, TOOLS_CHANGED, json!({}));
                events.awaits(&client, MCP_EVENT_TOOLS_CHANGED, turn);
                let start = Instant::now();
                leaves(&client);
                events.awaits(&client, MCP_EVENT_LISTENING, turn + 1);
                // After a pause, because it may end again.
                assert!(start.elapsed() >= Duration::from_millis(900), "{:?}", start.elapsed());
            }
            assert_eq!(counts(&client)[..2], [3, 2]);
            assert_eq!(client.count(MCP_COUNTER_RESUMPTIONS), 2);
            peer.has_no_complaint();
        }
    }

    listen_ends_if_restarts_are_off {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era}");
            let client = peer.client();
            let events = EventLog::by(&client);
            client.set_restart(false).unwrap();
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            leaves(&client);
            events.awaits(&client, MCP_EVENT_LISTENING_ENDED, 1);
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        }
    }

    subscription_is_distinguished_and_cancelled {
        let peer = stdio_server!("--revisions stateless");
        let client = peer.client();
        let events = EventLog::by(&client);
        client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
        let first = peer.of("subscriptions/listen")[0]["id"].clone();
        assert_eq!(push(&client, TOOLS_CHANGED, json!({})), "1");
        events.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
        // A notification that was not requested is not delivered.
        let stray = |id: Value, method: &str| {
            json!({"jsonrpc": "2.0", "method": method,
                "params": {"_meta": {"io.modelcontextprotocol/subscriptionId": id}}})
        };
        let messages = json!([stray(first.clone(), "notifications/prompts/list_changed"),
                              stray(first.clone(), TOOLS_CHANGED)]);
        client.call("later", json!({"pause": 0, "messages": messages})).unwrap();
        events.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 2);
        assert_eq!(events.of(MCP_EVENT_PROMPTS_CHANGED).len(), 0);
        // Another interest opens another stream and closes the one before.
        client.subscribe("test://text").unwrap();
        peer.awaits("notifications/cancelled", 1);
        assert_eq!(peer.of("notifications/cancelled")[0]["params"]["requestId"], first);
        assert_eq!(peer.count("subscriptions/listen"), 2);
        assert_eq!(push(&client, "notifications/resources/updated", json!({"uri": "test://text"})),
                   "1");
        events.awaits(&client, MCP_EVENT_RESOURCE_UPDATED, 1);
        client.unsubscribe("test://text").unwrap();
        client.listen(0).unwrap();
        peer.awaits("notifications/cancelled", 3);
        assert_eq!(push(&client, TOOLS_CHANGED, json!({})), "0");
        client.dispatch(100).unwrap();
        assert_eq!(events.of(MCP_EVENT_TOOLS_CHANGED).len(), 2);
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        peer.has_no_complaint();
    }

    subscription_that_the_server_ends_is_renewed {
        for by in ["result", "cancelled"] {
            let peer = stdio_server!("--revisions stateless");
            let client = peer.client();
            let events = EventLog::by(&client);
            client.listen(MCP_EVENT_TOOLS_CHANGED).unwrap();
            client.call("streams", json!({"by": by})).unwrap();
            events.awaits(&client, MCP_EVENT_LISTENING, 2);
            assert_eq!(peer.count("subscriptions/listen"), 2);
            push(&client, TOOLS_CHANGED, json!({}));
            events.awaits(&client, MCP_EVENT_TOOLS_CHANGED, 1);
            assert_eq!(peer.count("notifications/cancelled"), 0, "it is over already");
            assert_eq!(client.count(MCP_COUNTER_RESUMPTIONS), 1);
            peer.has_no_complaint();
        }
    }

    close_during_a_restart_ends_it {
        for era in ERAS {
            for pause in [0, 1, 5, 20, 60] {
                let peer = stdio_server!("--revisions {era}");
                let client = peer.connected();
                leaves(&client);
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| echo(&client));
                    std::thread::sleep(Duration::from_millis(pause));
                    let start = Instant::now();
                    client.close();
                    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
                    if let Err(failure) = call.join().unwrap() {
                        let fair = [MCP_E_CLOSED, MCP_E_PROCESS, MCP_E_IO];
                        assert!(fair.contains(&failure.status), "{failure:?}");
                    }
                });
            }
        }
    }

    threads_survive_repeated_exits_of_the_server {
        for era in ERAS {
            let peer = stdio_server!("--revisions {era} --behaviour crash-after 25");
            let client = peer.client();
            std::thread::scope(|scope| {
                for thread in 0..8 {
                    let client = &client;
                    scope.spawn(move || {
                        let mut right = 0;
                        for turn in 0..40 {
                            let wanted = json!({"t": thread, "n": turn});
                            match client.call("echo", wanted.clone()) {
                                Ok(answer) => {
                                    assert_eq!(answer.told(), wanted);
                                    right += 1;
                                }
                                Err(failure) => {
                                    assert_eq!(failure.status, MCP_E_PROCESS, "{failure:?}");
                                    assert_eq!(failure.exit_status, 3, "{failure:?}");
                                }
                            }
                        }
                        assert!(right > 0);
                    });
                }
            });
            let starts = client.count(MCP_COUNTER_STARTS);
            assert!(starts >= 10, "{starts}");
            client.close();
            peer.has_no_complaint();
        }
    }
}
