//! The log: a record for each line of the trace, on threads of the application.

use std::io::{Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use behaviour::constants::*;
use behaviour::{Client, HttpServer, SOON, SseServer, raw, readable, stdio_server, tests};
use mcp_test_server::{Server, await_true};

type Records = Arc<Mutex<Vec<(i32, String)>>>;

/// Collects the records. Fails on a thread that makes no call.
fn logged(client: &Client, level: i32) -> Records {
    let records = Records::default();
    let shared = records.clone();
    let own = thread::current().id();
    client
        .set_log(level, move |level, message| {
            assert_eq!(thread::current().id(), own, "on a thread of the application");
            shared.lock().unwrap().push((level, message));
        })
        .unwrap();
    records
}

fn has(records: &Records, beginning: &str) -> bool {
    records.lock().unwrap().iter().any(|(_, message)| message.starts_with(beginning))
}

tests! {
    records_are_the_lines_of_the_trace {
        let served = HttpServer::stateless();
        let client = served.client();
        client.set_header("X-Secret", Some("s3cretvalue")).unwrap();
        let fd = unsafe { libc::memfd_create(c"trace".as_ptr(), libc::MFD_CLOEXEC) };
        let mut trace = unsafe { std::fs::File::from_raw_fd(fd) };
        client.set_trace(trace.as_raw_fd()).unwrap();
        let records = logged(&client, MCP_LOG_DEBUG);
        client.ping().unwrap();
        client.list_tools().unwrap();
        let mut text = String::new();
        trace.rewind().unwrap();
        trace.read_to_string(&mut text).unwrap();
        let records = records.lock().unwrap();
        let messages: Vec<&str> = records.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(messages, text.lines().collect::<Vec<_>>());
        assert!(messages.iter().any(|one| one.eq_ignore_ascii_case("> x-secret: [masked]")));
        assert!(!text.contains("s3cretvalue"));
        for (level, message) in records.iter() {
            let expected = if message.starts_with('*') { MCP_LOG_INFO } else { MCP_LOG_DEBUG };
            assert_eq!(*level, expected, "{message}");
        }
    }

    every_transport_has_records {
        let http = HttpServer::handshake();
        let sse = SseServer::full();
        let stdio = stdio_server!("");
        for (client, sent) in [
            (http.client(), "> POST"), (sse.client(), "> POST"), (stdio.client(), "> {"),
        ] {
            let records = logged(&client, MCP_LOG_DEBUG);
            client.ping().unwrap();
            assert!(has(&records, sent), "{records:?}");
            assert!(has(&records, "< "), "{records:?}");
            assert!(has(&records, "* "), "{records:?}");
        }
    }

    level_filters {
        let served = HttpServer::stateless();
        let client = served.client();
        let records = logged(&client, MCP_LOG_INFO);
        client.ping().unwrap();
        let all = std::mem::take(&mut *records.lock().unwrap());
        assert!(!all.is_empty() && all.iter().all(|(level, _)| *level == MCP_LOG_INFO), "{all:?}");
        let broken = Client::of(&Server::start(|_| vec![]).url("/mcp"));
        let records = logged(&broken, MCP_LOG_WARNING);
        broken.ping().unwrap_err();
        let all = records.lock().unwrap();
        assert!(all.iter().all(|(level, _)| *level >= MCP_LOG_WARNING), "{all:?}");
        for level in [-1, 8] {
            let refused = client.set_log(level, |_, _| ()).unwrap_err();
            assert_eq!(refused.status, MCP_E_INVALID_ARGUMENT);
        }
    }

    records_of_the_background_thread_make_the_descriptor_readable {
        let served = HttpServer::stateless();
        let client = served.client();
        let records = logged(&client, MCP_LOG_DEBUG);
        let fd = client.fd();
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        assert!(readable(fd, 60_000));
        let start = Instant::now();
        while request.status() == MCP_PENDING {
            assert!(start.elapsed() < SOON);
            client.dispatch(50).unwrap();
        }
        assert!(!client.next_done().is_null());
        client.dispatch(0).unwrap();
        assert!(has(&records, "> POST") && has(&records, "< HTTP/1.1 200"), "{records:?}");
        client.dispatch(0).unwrap();
        assert!(!readable(fd, 50), "nothing is left");
    }

    dispatches_alone_deliver_if_the_application_wants_that {
        let served = HttpServer::stateless();
        let client = served.client();
        let records = logged(&client, MCP_LOG_DEBUG);
        assert_eq!(unsafe { raw::mcp_client_set_dispatch_only(client.0, 1) }, MCP_OK);
        client.ping().unwrap();
        assert!(records.lock().unwrap().is_empty());
        assert!(readable(client.fd(), 60_000));
        client.dispatch(0).unwrap();
        assert!(has(&records, "> POST") && has(&records, "< HTTP/1.1 200"), "{records:?}");
    }

    handler_is_set_on_an_open_client_alone {
        let served = HttpServer::stateless();
        let client = served.client();
        client.ping().unwrap();
        client.close();
        assert_eq!(client.set_log(MCP_LOG_DEBUG, |_, _| ()).unwrap_err().status, MCP_E_STATE);
        client.remove_log().unwrap();
    }

    handler_may_call_its_own_client {
        let served = HttpServer::stateless();
        let client = Arc::new(served.client());
        let (calls, weak) = (Arc::new(AtomicUsize::new(0)), Arc::downgrade(&client));
        let count = calls.clone();
        client.set_log(MCP_LOG_DEBUG, move |_, _| {
            if count.fetch_add(1, Ordering::SeqCst) < 5
                && let Some(client) = weak.upgrade()
            {
                client.ping().unwrap();
            }
        }).unwrap();
        client.ping().unwrap();
        client.dispatch(0).unwrap();
        assert!(calls.load(Ordering::SeqCst) > 5);
        client.remove_log().unwrap();
    }

    removed_handler_gets_nothing_and_its_data_is_freed {
        struct Flag(Arc<AtomicUsize>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let served = HttpServer::stateless();
        let client = served.client();
        let (freed, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for round in 0..3 {
            let (flag, told) = (Flag(freed.clone()), told.clone());
            client.set_log(MCP_LOG_DEBUG, move |_, _| {
                let _ = &flag;
                told.fetch_add(1, Ordering::SeqCst);
            }).unwrap();
            assert_eq!(freed.load(Ordering::SeqCst), round);
            client.ping().unwrap();
        }
        // A started request leaves records in the queue.
        let request = client.request("ping", None).unwrap();
        request.start().unwrap();
        assert!(await_true(SOON, || readable(client.fd(), 0)));
        client.remove_log().unwrap();
        let before = told.load(Ordering::SeqCst);
        assert_eq!(request.wait(60_000), 0);
        client.ping().unwrap();
        client.dispatch(0).unwrap();
        assert_eq!(told.load(Ordering::SeqCst), before);
        drop(request);
        drop(client);
        served.client().ping().unwrap();
        assert_eq!(freed.load(Ordering::SeqCst), 3);
    }

    close_is_logged_and_free_is_not {
        let served = HttpServer::handshake();
        for closes in [true, false] {
            let client = served.client();
            let records = logged(&client, MCP_LOG_DEBUG);
            client.ping().unwrap();
            records.lock().unwrap().clear();
            if closes {
                client.set_close_timeout(60_000).unwrap();
                client.close();
                assert!(has(&records, "> DELETE"), "{records:?}");
                records.lock().unwrap().clear();
            }
            drop(client);
            assert!(records.lock().unwrap().is_empty(), "{records:?}");
        }
    }

    null_is_refused_or_ignored {
        unsafe {
            let none = std::ptr::null_mut();
            assert_eq!(raw::mcp_client_set_log(none, None, std::ptr::null_mut(), None, 0), 1);
            assert_eq!(raw::mcp_log_record_level(std::ptr::null()), MCP_LOG_DEBUG);
            assert!(raw::mcp_log_record_message(std::ptr::null()).is_null());
        }
    }
}
