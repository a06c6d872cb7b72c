//! What servers do with `server/discover` over stdio: the connection that
//! `initialize` would have made is never lost.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Cancel, Client, SOON, is_fast, tests};
use mcp_test_server::await_true;
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_probe-server");
/// How long the probe is waited for.
const PROBE: Duration = Duration::from_millis(2500);

/// A server that follows a plan, and its log.
struct Planned {
    log: PathBuf,
    plan: String,
}

impl Planned {
    fn new(plan: Value) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let log = std::env::temp_dir().join(format!("mcp-probe-{}-{number}", std::process::id()));
        let _ = std::fs::remove_file(&log);
        Self { log, plan: plan.to_string() }
    }

    fn client(&self) -> Client {
        Client::stdio(&[PROGRAM, &self.log.display().to_string(), &self.plan])
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|one| *one == line).count()
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}

fn version(client: &Client) -> String {
    client.connect().unwrap().protocol_version().unwrap()
}

fn lists(client: &Client) {
    let tools = client.list_tools().unwrap_or_else(|failure| panic!("{}", failure.message));
    assert!(tools.json().contains("echo"));
}

/// Runs the cases at the same time: they wait more than they compute.
fn at_once<T: Send>(cases: Vec<T>, case: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for one in cases {
            scope.spawn(|| case(one));
        }
    });
}

fn discover_is_deaf(plan: &Value) -> bool {
    plan["discover"] == "deaf"
}

fn error(code: i32, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

const NEWEST: &str = "initialize 2025-11-25";

tests! {
    // Every server on the Python SDK 1.0 to 1.8.
    server_whose_reader_breaks_is_connected_in_a_new_process {
        let server = Planned::new(json!({"discover": "break"}));
        let client = server.client();
        let start = Instant::now();
        lists(&client);
        let took = start.elapsed();
        assert!(took >= PROBE && took < AT_ONCE, "{took:?}");
        // The broken process ends before it can note a second message.
        assert_eq!(server.lines()[..5], ["start", "server/discover", "start", NEWEST,
            "notifications/initialized"]);
        assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
    }

    // The same, if it is silent or refuses in place of the end.
    process_that_fails_after_the_probe_is_started_again_once {
        let cases = vec![
            (json!("silent"), json!("exit"), 40_000),
            (json!("deaf"), json!("silent"), 8000),
            (json!("silent"), json!("silent"), 8000),
            (json!("silent"), error(-32602, "not initialized"), 40_000),
            (json!("silent"), json!({"id": null, "error": {"code": -32600, "message": "?"}}), 8000),
            (json!("silent"), json!({"raw": "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":5}"}), 40_000),
            (error(-32000, "?"), json!("exit"), 40_000),
            (error(-32000, "?"), json!("silent"), 8000),
            // supergateway, with a response to the probe and without one.
            (error(-32600, "Server already initialized"),
             error(-32600, "Server already initialized"), 40_000),
            (json!("silent"), error(-32600, "Server already initialized"), 40_000),
            (json!("modernish"), error(-32600, "Server already initialized"), 40_000),
        ];
        at_once(cases, |(discover, after, timeout): (Value, Value, i64)| {
            let discover = match discover.as_str() {
                Some("modernish") => json!({"result": {"protocolVersion": "2025-11-25"}}),
                _ => discover,
            };
            let plan = json!({"discover": discover, "after": after});
            let server = Planned::new(plan.clone());
            let client = server.client();
            client.set_timeout(timeout);
            lists(&client);
            assert_eq!(version(&client), "2025-11-25", "{plan}");
            assert_eq!(server.count("server/discover"), 1, "{plan}");
            let reads = if discover_is_deaf(&plan) { 1 } else { 2 };
            assert_eq!(server.count(NEWEST), reads, "once for each process: {plan}");
            assert_eq!(client.count(MCP_COUNTER_STARTS), 2, "{plan}");
        });
    }

    process_that_always_fails_is_started_twice {
        for (initialize, status) in [
            (json!("exit"), MCP_E_PROCESS),
            (error(-32603, "no key"), MCP_E_RPC),
            (json!("silent"), MCP_E_TIMEOUT),
        ] {
            let server = Planned::new(json!({"discover": "silent", "initialize": initialize}));
            let client = server.client();
            if status == MCP_E_TIMEOUT {
                client.set_timeout(6000);
            }
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, status, "{}", failure.message);
            assert!(failure.message.contains("server/discover got"), "{}", failure.message);
            if status == MCP_E_RPC {
                assert_eq!(failure.rpc_code, -32603);
                assert!(failure.message.contains("no key"), "{}", failure.message);
            }
            assert_eq!(client.count(MCP_COUNTER_STARTS), 2, "{}", failure.message);
            assert_eq!(server.count("server/discover"), 1);
        }
    }

    // probe-unanswered-within-8s.
    server_that_never_answers_the_probe_is_connected_within_8_s {
        let server = Planned::new(json!({"discover": "silent"}));
        let client = server.client();
        client.set_timeout(8000);
        let start = Instant::now();
        lists(&client);
        let took = start.elapsed();
        assert!(took >= PROBE, "{took:?}");
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        assert_eq!(server.lines(), ["start", "server/discover", NEWEST,
            "notifications/initialized", "tools/list"]);
    }

    probe_gets_half_of_a_short_timeout {
        let connects = || {
            let server = Planned::new(json!({"discover": "silent"}));
            let client = server.client();
            client.set_timeout(4000);
            let start = Instant::now();
            client.connect().unwrap();
            let took = start.elapsed();
            assert!(took >= Duration::from_secs(2), "{took:?}");
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
            took
        };
        is_fast(PROBE, connects).unwrap_or_else(|took| panic!("{took:?}"));
    }

    // Slow starts: an old server, one on the Go SDK, one on the TypeScript SDK 2.
    slow_start_is_no_refusal {
        let slow = 12_000;
        let plans = [
            (json!({"start": slow}), "2025-11-25"),
            (json!({"start": slow, "discover": "silent"}), "2025-11-25"),
            (json!({"start": slow, "discover": "modern",
                "after": error(-32600, "duplicate \"initialize\" received")}), "2026-07-28"),
            (json!({"start": slow, "discover": "modern"}), "2026-07-28"),
            (json!({"start": slow, "discover": "modern", "reads_early": true}), "2026-07-28"),
            (json!({"start": slow, "reads_early": true}), "2025-11-25"),
        ];
        std::thread::scope(|scope| {
            for (plan, agreed) in plans {
                scope.spawn(move || {
                    let server = Planned::new(plan.clone());
                    let client = server.client();
                    // The default timeout.
                    client.set_timeout(60_000);
                    let start = Instant::now();
                    assert_eq!(version(&client), agreed, "{plan}");
                    let took = start.elapsed();
                    assert!(took < Duration::from_millis(slow) + AT_ONCE, "{plan}: {took:?}");
                    lists(&client);
                    assert_eq!(client.count(MCP_COUNTER_STARTS), 1, "{plan}");
                    assert_eq!(server.count("server/discover"), 1, "{plan}");
                });
            }
        });
    }

    first_usable_response_decides {
        let nan = json!({"raw": "{\"jsonrpc\":\"2.0\",\"id\":ID,\"result\":NaN}"});
        let cases = [
            (json!("modern"), false, json!("initialized"), "2026-07-28"),
            (json!("modern"), false, error(-32600, "duplicate"), "2026-07-28"),
            (json!("modern"), true, error(-32600, "duplicate"), "2026-07-28"),
            (json!("modern"), true, json!("initialized"), "2025-11-25"),
            (error(-32601, "?"), false, json!("initialized"), "2025-11-25"),
            (error(-32601, "?"), true, json!("initialized"), "2025-11-25"),
            (json!({"result": {}}), false, json!("initialized"), "2025-11-25"),
            (nan, false, json!("initialized"), "2025-11-25"),
        ];
        at_once(cases.to_vec(), |(held, is_last, after, agreed)| {
            let plan = json!({"discover": {"hold": held, "last": is_last}, "after": after});
            let server = Planned::new(plan.clone());
            let client = server.client();
            assert_eq!(version(&client), agreed, "{plan}");
            assert_eq!(client.count(MCP_COUNTER_STARTS), 1, "{plan}");
            lists(&client);
        });
    }

    late_response_to_the_probe_is_dropped_and_counted {
        for discover in [json!("modern"), error(-32601, "?")] {
            let discover = json!({"hold": discover, "until": "tools/list"});
            let server = Planned::new(json!({"discover": discover}));
            let client = server.client();
            assert_eq!(version(&client), "2025-11-25");
            lists(&client);
            let is_counted = || client.count(MCP_COUNTER_DROPPED_REPLIES) == 1;
            assert!(await_true(SOON, is_counted));
            lists(&client);
            assert_eq!(version(&client), "2025-11-25", "it changes nothing");
        }
    }

    response_that_proves_nothing_leads_to_initialize_at_once {
        for discover in [
            error(-32600, "?"), error(-32601, "?"), error(-32602, "?"), error(-32603, "?"),
            error(-32000, "?"), error(0, "?"), error(-32022, "?"),
            json!({"id": null, "error": {"code": -32700, "message": "?"}}),
            json!({"error": {"code": -32022, "message": "?", "data": {"supported": ["2025-11-25"]}}}),
            json!({"result": {}}), json!({"result": []}), json!({"result": 7}),
            json!({"result": {"supportedVersions": []}}),
            json!({"result": {"supportedVersions": 5}}),
            json!({"result": {"supportedVersions": ["2025-11-25"]}}),
            json!({"result": {"supportedVersions": ["1999-01-01"]}}),
            json!({"result": {"protocolVersion": "2025-11-25", "capabilities": {}}}),
            json!({"raw": "{\"jsonrpc\":\"2.0\",\"id\":ID}"}),
        ] {
            let connects = || {
                let server = Planned::new(json!({"discover": discover}));
                let client = server.client();
                let start = Instant::now();
                lists(&client);
                let took = start.elapsed();
                assert_eq!(server.lines(), ["start", "server/discover", NEWEST,
                    "notifications/initialized", "tools/list"], "{discover}");
                took
            };
            is_fast(PROBE, connects).unwrap_or_else(|took| panic!("{discover}: {took:?}"));
        }
    }

    verdict_is_kept_for_the_next_process {
        let server = Planned::new(json!({"discover": "silent"}));
        let client = server.client();
        lists(&client);
        for _ in 0..2 {
            let before = server.count("start");
            client.call("exit", json!({})).unwrap_err();
            assert!(await_true(SOON, || client.list_tools().is_ok()));
            assert_eq!(server.count("start"), before + 1);
        }
        assert_eq!(server.count("server/discover"), 1);
    }

    pinned_revision_decides_the_first_request {
        let server = Planned::new(json!({"discover": "silent"}));
        let client = server.client();
        client.pin("2025-06-18").unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION, "{}", failure.message);
        assert_eq!(server.lines()[..2], ["start", "initialize 2025-06-18"]);
        // Without a request that could follow, the probe has all of the time.
        let server = Planned::new(json!({"start": 4000, "discover": "modern"}));
        let client = server.client();
        client.pin("2026-07-28").unwrap();
        lists(&client);
        assert_eq!(server.lines(), ["start", "server/discover", "tools/list"]);
    }

    threads_that_connect_at_once_probe_once {
        let server = Planned::new(json!({"discover": "break"}));
        let client = server.client();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| lists(&client));
            }
            let request = client.request("tools/list", None).unwrap();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0);
        });
        assert_eq!(client.count(MCP_COUNTER_STARTS), 2);
        assert_eq!(server.count(NEWEST), 1);
        assert_eq!(server.count("server/discover"), 1);
    }

    started_request_connects_like_any_other {
        for plan in [json!({"discover": "break"}), json!({"discover": "silent"}),
                     json!({"discover": "silent", "after": error(-32600, "?")})] {
            let server = Planned::new(plan.clone());
            let client = server.client();
            let request = client.request("tools/list", None).unwrap();
            let start = Instant::now();
            request.start().unwrap();
            assert_eq!(request.wait(30_000), 0, "{plan}");
            assert!(start.elapsed() < AT_ONCE, "{plan}: {:?}", start.elapsed());
        }
    }

    cancel_and_close_end_the_negotiation_at_once {
        // In the time of the probe, and in that of initialize.
        for line in ["server/discover", NEWEST] {
            for closes in [false, true] {
                let server = Planned::new(json!({"discover": "silent", "after": "silent"}));
                let client = server.client();
                let cancel = Cancel::new();
                let request = client.request("tools/list", None).unwrap();
                request.set_cancel(&cancel);
                std::thread::scope(|scope| {
                    let call = scope.spawn(|| (request.perform().map(drop), Instant::now()));
                    let is_there = || server.count(line) == 1;
                    assert!(await_true(SOON, is_there));
                    let start = Instant::now();
                    if closes { client.close() } else { cancel.fire() }
                    let (outcome, end) = call.join().unwrap();
                    let wanted = if closes { MCP_E_CLOSED } else { MCP_E_CANCELLED };
                    let failure = outcome.unwrap_err();
                    assert_eq!(failure.status, wanted, "{}", failure.message);
                    assert!(end - start < AT_ONCE, "{:?}", end - start);
                });
                assert_eq!(server.count("start"), 1, "no other process");
            }
        }
    }

    refused_version_leads_to_one_older_revision {
        let words = "unsupported protocol version: 2025-11-25";
        for (refusal, spoken) in [
            (error(-32602, words), "2025-06-18"),
            (error(-32600, "Bad protocolVersion; I speak 2024-11-05"), "2024-11-05"),
            (json!({"error": {"code": -32000, "message": "no",
                "data": {"versions": ["2025-03-26"]}}}), "2025-03-26"),
            (json!({"error": {"code": -32602, "message": "no",
                "data": {"supported": ["2025-03-26"]}}}), "2025-03-26"),
        ] {
            let initialize = json!({"unless": spoken, "do": refusal});
            let server = Planned::new(json!({"initialize": initialize, "version": spoken}));
            let client = server.client();
            lists(&client);
            assert_eq!(version(&client), spoken);
            assert_eq!(server.lines(), ["start", "server/discover", NEWEST,
                &format!("initialize {spoken}"), "notifications/initialized", "tools/list"]);
            // The next process is asked for what this one has accepted.
            client.call("exit", json!({})).unwrap_err();
            assert!(await_true(SOON, || client.list_tools().is_ok()));
            assert_eq!(server.count(NEWEST), 1);
        }
        let server = Planned::new(json!({"initialize": error(-32602, words)}));
        let failure = server.client().ping().unwrap_err();
        assert_eq!((failure.status, failure.rpc_code), (MCP_E_VERSION, -32602));
        for part in [words, "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] {
            assert!(failure.message.contains(part), "{}", failure.message);
        }
        assert_eq!(server.lines(), ["start", "server/discover", NEWEST, "initialize 2025-06-18"]);
    }

    draft_of_the_oldest_revision_is_the_oldest_revision {
        let server = Planned::new(json!({"version": "2024-10-07"}));
        let client = server.client();
        lists(&client);
        assert_eq!(version(&client), "2024-11-05");
        let server = Planned::new(json!({"version": "2024-10-08"}));
        let failure = server.client().ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION);
        assert!(failure.message.contains("2024-10-08"), "{}", failure.message);
    }

    versions_without_one_in_common_are_reported_whatever_initialize_gets {
        let future = json!({"result": {"supportedVersions": ["2099-01-01"]}});
        for initialize in [error(-32601, "Method not found"), error(-32602, "bad version"),
                           json!("exit"), json!("silent"),
                           json!({"result": {"protocolVersion": "2099-01-01"}})] {
            let server = Planned::new(json!({"discover": future, "initialize": initialize}));
            let client = server.client();
            if initialize == "silent" {
                client.set_timeout(6000);
            }
            let failure = client.ping().unwrap_err();
            assert_eq!(failure.status, MCP_E_VERSION, "{}", failure.message);
            for part in ["2099-01-01", "2026-07-28", "2025-11-25", "2024-11-05"] {
                assert!(failure.message.contains(part), "{}", failure.message);
            }
            assert_eq!(server.lines(), ["start", "server/discover", NEWEST]);
        }
    }
}
