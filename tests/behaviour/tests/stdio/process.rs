//! The process of a server: how it is started, what it inherits, how it is ended.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use behaviour::constants::*;
use behaviour::{AT_ONCE, Client, SOON, exists, is_fast, is_reaped, stdio_server, tests};
use mcp_test_server::await_true;
use serde_json::json;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How long it takes to close the client, whose server is gone then.
fn closing(client: &Client) -> Duration {
    let pid = client.pid();
    let start = Instant::now();
    client.close();
    let took = start.elapsed();
    assert!(is_reaped(pid), "the server was not waited for");
    took
}

tests! {
    program_is_started_by_the_first_call {
        let peer = stdio_server!("");
        let client = peer.client();
        assert_eq!(client.count(MCP_COUNTER_STARTS), 0);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(peer.log(), [""; 0]);
        client.ping().unwrap();
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        client.ping().unwrap();
        assert_eq!((client.count(MCP_COUNTER_STARTS), client.count(MCP_COUNTER_RECONNECTIONS)), (1, 0));
        assert_eq!(client.transport(), MCP_TRANSPORT_STDIO);
        peer.has_no_complaint();
    }

    program_gets_its_arguments_unchanged {
        let peer = stdio_server!("");
        let mut argv = peer.argv();
        argv.extend(["--offer", "full", "--once", "a b \"c\" $HOME \u{e9}\\ *", "--once", ""]);
        let client = Client::stdio(&argv);
        let directory = peer.directory().to_str().unwrap();
        client.set_directory(Some(directory)).unwrap();
        // The last option is no file that can be made.
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 2));
        assert!(failure.message.contains("--once"), "{}", failure.message);
        argv.truncate(argv.len() - 2);
        let client = Client::stdio(&argv);
        client.set_directory(Some(directory)).unwrap();
        assert_eq!(client.tells("argv"), json!(argv));
    }

    program_gets_six_variables_and_those_that_were_set {
        let peer = stdio_server!("");
        let client = peer.client();
        client.set_env("MCP_TEST_A", Some("a b=c")).unwrap();
        client.set_env("MCP_TEST_B", Some("")).unwrap();
        client.set_env("MCP_TEST_B", Some("twice")).unwrap();
        client.set_env("HOME", None).unwrap();
        client.set_env("MCP_TEST_GONE", Some("x")).unwrap();
        client.set_env("MCP_TEST_GONE", None).unwrap();
        client.set_env("TERM", Some("dumb")).unwrap();
        let mut wanted = json!({"MCP_TEST_A": "a b=c", "MCP_TEST_B": "twice", "TERM": "dumb"});
        for name in ["LOGNAME", "PATH", "SHELL", "USER"] {
            if let Ok(value) = std::env::var(name) {
                wanted[name] = json!(value);
            }
        }
        assert_eq!(client.tells("env"), wanted);
        for name in ["", "A=B"] {
            let failure = client.set_env(name, Some("x")).unwrap_err();
            assert_eq!(failure.status, MCP_E_STATE, "the process runs");
        }
        let client = peer.client();
        for name in ["", "A=B"] {
            let failure = client.set_env(name, Some("x")).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        }
    }

    program_starts_in_the_directory_that_was_set {
        let peer = stdio_server!("");
        let client = peer.client();
        let here = std::env::current_dir().unwrap();
        assert_eq!(client.tells("cwd"), json!(here));
        assert_eq!(client.set_directory(None).unwrap_err().status, MCP_E_STATE);
        let client = peer.client();
        let there = peer.directory().canonicalize().unwrap();
        client.set_directory(there.to_str()).unwrap();
        assert_eq!(client.tells("cwd"), json!(there));
        let client = peer.client();
        client.set_directory(Some("/no/such/directory")).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_PROCESS);
        assert!(failure.message.contains("/no/such/directory"), "{}", failure.message);
        client.set_directory(None).unwrap();
        client.ping().unwrap();
    }

    program_inherits_no_descriptor_and_no_signal_mask {
        // What this process ignores is nothing to it.
        unsafe { libc::signal(libc::SIGUSR2, libc::SIG_IGN) };
        let file = std::fs::File::open("/dev/null").unwrap();
        let open = unsafe { libc::dup(file.as_raw_fd()) };
        assert!(open >= 3, "and it has no close-on-exec");
        for in_background in [false, true] {
            let peer = stdio_server!("");
            let client = peer.client();
            if in_background {
                let request = client.request("ping", None).unwrap();
                request.start().unwrap();
                assert_eq!(request.wait(30_000), 0);
            }
            let fds = client.tells("fds");
            let numbers: Vec<_> = fds.as_object().unwrap().keys().collect();
            assert_eq!(numbers, ["0", "1", "2"], "{fds}");
            let signals = client.tells("signals");
            let mask = |name: &str| {
                u64::from_str_radix(signals[name].as_str().unwrap(), 16).unwrap()
            };
            assert_eq!(mask("SigBlk"), 0);
            // Programs in Rust ignore SIGPIPE by themselves; what is above is
            // the C library's.
            let ignored = mask("SigIgn") & 0x7fff_ffff & !(1 << (libc::SIGPIPE - 1));
            assert_eq!(ignored, 0, "{signals}");
        }
        unsafe {
            libc::close(open);
            libc::signal(libc::SIGUSR2, libc::SIG_DFL);
        }
    }

    program_that_cannot_be_started_is_an_error_with_the_reason {
        for (argv, words) in [
            (vec!["no-such-program-anywhere"], "in the PATH?"),
            (vec!["/etc/passwd", "x"], "is it executable?"),
            (vec!["/"], "cannot start"),
        ] {
            let client = Client::stdio(&argv);
            for _ in 0..2 {
                let failure = client.ping().unwrap_err();
                assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, -1));
                assert!(!failure.may_have_run && failure.message.contains(words), "{failure:?}");
            }
            assert_eq!(client.count(MCP_COUNTER_STARTS), 0);
        }
        for argv in [vec![], vec![""]] {
            assert_eq!(Client::try_stdio(&argv).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        }
    }

    program_is_found_in_the_path {
        let client = Client::stdio(&["sh", "-c", "echo no server >&2; exit 4"]);
        let failure = client.ping().unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 4));
        assert!(failure.message.contains("\"sh\"") && failure.message.contains("no server"));
    }

    http_options_are_unsupported {
        let peer = stdio_server!("");
        let client = peer.client();
        let tries = || {
            [
                client.set_token(Some("secret-token")),
                client.set_token_handler(|_| None),
                client.set_header("X-Key", Some("secret-key")),
                client.set_proxy("http://127.0.0.1:1"),
                client.set_unix_socket("/tmp/x"),
                client.set_ca_file("/no/such/file"),
                client.set_certificate("/no/such/file", "/no/such/file"),
                client.set_transport(MCP_TRANSPORT_SSE),
            ]
        };
        for (place, tried) in tries().into_iter().enumerate() {
            let failure = tried.unwrap_err();
            assert_eq!(failure.status, MCP_E_UNSUPPORTED, "{place}: {}", failure.message);
            assert!(!failure.everything().contains("secret"), "{}", failure.message);
        }
        client.ping().unwrap();
        for (place, tried) in tries().into_iter().enumerate() {
            assert!(tried.is_err(), "{place}");
        }
        client.ping().unwrap();
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
        peer.has_no_complaint();
    }

    process_options_are_unsupported_over_http {
        let client = Client::of("http://127.0.0.1:9/mcp");
        for tried in [client.set_env("A", Some("b")), client.set_directory(Some("/")),
                      client.set_stderr(MCP_STDERR_DISCARD), client.set_stderr_fd(2),
                      client.set_restart(false)] {
            assert_eq!(tried.unwrap_err().status, MCP_E_UNSUPPORTED);
        }
    }

    end_of_standard_error_is_in_the_error {
        let peer = stdio_server!("");
        let client = peer.connected();
        let text = format!("{}\nlast\twords\u{1b}[31m \u{e9}", "x".repeat(100_000));
        let arguments = json!({"status": 7, "text": text});
        let failure = client.call("exit", arguments).unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 7));
        assert!(failure.may_have_run && failure.message.contains("exit status 7"));
        assert!(failure.message.contains("last words [31m \u{e9}"), "{}", failure.message);
        assert!(failure.message.len() < 2000 && !failure.message.contains('\u{1b}'));
    }

    environment_secret_is_redacted_in_the_error {
        let peer = stdio_server!("");
        let client = peer.client();
        client.set_env("API_KEY", Some("sk-1234567890")).unwrap();
        client.connect().unwrap();
        let arguments = json!({"text": "bad key sk-1234567890!"});
        let failure = client.call("exit", arguments).unwrap_err();
        assert!(failure.message.contains("bad key"), "{}", failure.message);
        assert!(!failure.everything().contains("sk-1234567890"), "{}", failure.message);
    }

    standard_error_goes_to_the_set_descriptor {
        let write = |client: &Client| {
            client.call("stderr", json!({"text": "to be seen"})).unwrap();
            client.call("exit", json!({"status": 3})).unwrap_err().message
        };
        let peer = stdio_server!("");
        let client = peer.client();
        client.set_stderr(MCP_STDERR_DISCARD).unwrap();
        assert!(!write(&client).contains("to be seen"));
        let path = peer.directory().join("errors");
        let file = std::fs::File::create(&path).unwrap();
        let client = peer.client();
        client.set_stderr_fd(file.as_raw_fd()).unwrap();
        drop(file);
        assert!(!write(&client).contains("to be seen"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "to be seen");
        // A pipe that nobody reads any more is the server's business.
        let (mut reader, writer) = std::io::pipe().unwrap();
        let client = peer.client();
        client.set_stderr_fd(writer.as_raw_fd()).unwrap();
        drop(writer);
        write(&client);
        client.close();
        drop(client);
        let mut all = String::new();
        reader.read_to_string(&mut all).unwrap();
        assert_eq!(all, "to be seen");
        let client = peer.client();
        assert_eq!(client.set_stderr_fd(-1).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        assert_eq!(client.set_stderr_fd(9999).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        assert_eq!(client.set_stderr(3).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        client.set_stderr(MCP_STDERR_INHERIT).unwrap();
        assert!(client.tells("fds")["2"].is_string());
        assert_eq!(client.set_stderr(MCP_STDERR_KEEP).unwrap_err().status, MCP_E_STATE);
    }

    ten_megabytes_on_standard_error_delay_nothing {
        for options in ["", "--after 2"] {
            let peer = stdio_server!("--behaviour stderr-flood 10000000 {options}");
            let client = peer.client();
            for number in 0..4 {
                let answer = client.call("echo", json!({"n": number})).unwrap();
                assert_eq!(answer.told(), json!({"n": number}));
            }
            let failure = client.call("exit", json!({})).unwrap_err();
            assert!(failure.message.contains("the end of the flood"), "{}", failure.message);
            peer.has_no_complaint();
        }
        // Nobody is in a call meanwhile.
        let peer = stdio_server!("");
        let client = peer.connected();
        let text = "y".repeat(10_000_000);
        client.call("stderr", json!({"text": text})).unwrap();
        client.ping().unwrap();
    }

    server_gets_time_to_exit_at_the_end_of_its_input {
        for options in ["", "--behaviour silent --after 3", "--behaviour stderr-flood 1000000"] {
            let peer = stdio_server!("{options}");
            let client = peer.connected();
            closing(&client);
            peer.awaits_note("eof");
            assert!(!peer.notes("sigterm"), "{:?}", peer.log());
            peer.has_no_complaint();
        }
    }

    server_that_stays_gets_sigterm_after_two_seconds {
        let peer = stdio_server!("--behaviour ignore-eof");
        let client = peer.connected();
        let took = closing(&client);
        assert!(took >= seconds(2) && took < AT_ONCE, "{took:?}");
        peer.awaits_note("sigterm");
    }

    server_that_ignores_sigterm_is_killed_after_four_seconds {
        let peer = stdio_server!("--behaviour ignore-sigterm");
        let client = peer.connected();
        let took = closing(&client);
        assert!(took >= seconds(4) && took < AT_ONCE, "{took:?}");
        assert!(peer.notes("sigterm"));
    }

    server_that_writes_for_ever_is_ended {
        let peer = stdio_server!("");
        let client = peer.connected();
        let pid = client.pid();
        std::thread::scope(|scope| {
            scope.spawn(|| client.call("chatters", json!({"count": 100_000, "pause": 0})));
            std::thread::sleep(Duration::from_millis(200));
            client.close();
        });
        assert!(is_reaped(pid));
    }

    grandchild_is_ended_with_its_process_group {
        let ends = |ending: &str| {
            let peer = stdio_server!("--behaviour grandchild");
            let client = peer.connected();
            let note = peer.log().into_iter().find(|line| line.starts_with("grandchild")).unwrap();
            let grandchild: i32 = note.split(' ').nth(1).unwrap().parse().unwrap();
            assert!(exists(grandchild));
            let took = if ending == "close" {
                closing(&client)
            } else {
                let start = Instant::now();
                let failure = client.call("exit", json!({"status": 9})).unwrap_err();
                assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, 9));
                start.elapsed()
            };
            // Whoever has become its parent waits for it.
            let is_gone = || !exists(grandchild) || is_zombie(grandchild);
            assert!(await_true(SOON, is_gone), "{ending}: the grandchild runs on");
            took
        };
        for ending in ["close", "exit"] {
            is_fast(seconds(3), || ends(ending)).unwrap_or_else(|took| panic!("{ending}: {took:?}"));
        }
    }

    grandchild_that_ignores_sigterm_is_killed {
        for (ending, pipes) in [
            ("close", ""), ("close", "</dev/null >/dev/null 2>&1"), ("free", ""),
            ("exit", ""), ("exit", "</dev/null >/dev/null 2>&1"),
        ] {
            let peer = stdio_server!("");
            let file = peer.directory().join("grandchild").display().to_string();
            // The server's own process, whose group the grandchild is in.
            let begin = format!("(trap '' TERM; exec sleep 300) {pipes} & echo $! >{file}");
            let script = format!(r#"{begin}; exec "$0" "$@""#);
            let mut argv = vec!["/bin/sh", "-c", script.as_str()];
            argv.extend(peer.argv());
            let client = Client::stdio(&argv);
            client.ping().unwrap();
            let grandchild = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
            assert!(exists(grandchild));
            let start = Instant::now();
            if ending == "exit" {
                client.call("exit", json!({"status": 9})).unwrap_err();
                // A client that goes on is not held up.
                client.ping().unwrap();
                assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
                let second: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
                assert_ne!(second, grandchild);
            } else if ending == "close" {
                client.close();
            } else {
                drop(client);
            }
            let took = start.elapsed();
            assert!(took < AT_ONCE, "{ending} {pipes}: {took:?}");
            let is_gone = || !exists(grandchild) || is_zombie(grandchild);
            assert!(await_true(SOON, is_gone), "{ending} {pipes}: the grandchild runs on");
        }
    }

    free_without_close_ends_the_server {
        let peer = stdio_server!("");
        let client = peer.connected();
        let pid = client.pid();
        drop(client);
        assert!(is_reaped(pid));
        peer.awaits_note("eof");
    }

    client_that_is_freed_first_ends_the_program_and_not_its_results {
        let peer = stdio_server!("");
        let client = peer.connected();
        let pid = client.pid();
        let request = client.tool_request("hang", json!({})).unwrap();
        request.start().unwrap();
        let answer = client.call("echo", json!({"a": 1})).unwrap();
        let idle = client.request("ping", None).unwrap();
        drop(client);
        assert!(is_reaped(pid));
        assert_eq!(answer.told(), json!({"a": 1}));
        assert_eq!(idle.perform().unwrap_err().status, MCP_E_CLOSED);
        drop((request, idle, answer));
    }

    close_ends_waiting_calls {
        for era in ["stateless", "handshake"] {
            let peer = stdio_server!("--revisions {era}");
            let client = peer.connected();
            let pid = client.pid();
            std::thread::scope(|scope| {
                let calls: Vec<_> = (0..8)
                    .map(|_| scope.spawn(|| client.call("hang", json!({})).unwrap_err().status))
                    .collect();
                peer.awaits("tools/call", 9);
                let start = Instant::now();
                client.close();
                assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
                for call in calls {
                    assert_eq!(call.join().unwrap(), MCP_E_CLOSED);
                }
            });
            assert!(is_reaped(pid));
            assert_eq!(client.ping().unwrap_err().status, MCP_E_CLOSED);
        }
    }

    close_ends_a_server_that_is_starting {
        let peer = stdio_server!("--behaviour slow-start 60000");
        let client = peer.client();
        std::thread::scope(|scope| {
            let calls: Vec<_> =
                (0..3).map(|_| scope.spawn(|| client.ping().unwrap_err().status)).collect();
            assert!(await_true(SOON, || client.count(MCP_COUNTER_STARTS) == 1));
            let start = Instant::now();
            client.close();
            for call in calls {
                assert_eq!(call.join().unwrap(), MCP_E_CLOSED);
            }
            // It does not read, and so does not see the end of its input.
            assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        });
        assert_eq!(client.count(MCP_COUNTER_STARTS), 1);
    }

    concurrent_close_waits_no_longer {
        let peer = stdio_server!("--behaviour ignore-sigterm");
        let client = peer.connected();
        let pid = client.pid();
        let start = Instant::now();
        // One after another they would wait for 32 s.
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| client.close());
            }
        });
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert!(is_reaped(pid));
    }

    close_after_the_server_closed_its_output_is_bounded {
        let peer = stdio_server!("--behaviour close-stdout --after 2");
        let client = peer.connected();
        let pid = client.pid();
        let start = Instant::now();
        let failure = client.call("echo", json!({})).unwrap_err();
        assert_eq!((failure.status, failure.exit_status), (MCP_E_PROCESS, -1));
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        assert!(failure.message.contains("closed its standard output"), "{}", failure.message);
        client.close();
        assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
        drop(client);
        assert!(await_true(SOON, || is_reaped(pid)));
    }

    options_can_be_changed_between_two_servers {
        let peer = stdio_server!("");
        let client = peer.connected();
        client.call("exit", json!({})).unwrap_err();
        client.set_env("MCP_TEST_A", Some("new")).unwrap();
        client.set_directory(Some("/")).unwrap();
        assert_eq!(client.tells("env")["MCP_TEST_A"], "new");
        assert_eq!(client.tells("cwd"), "/");
    }
}

fn is_zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}
