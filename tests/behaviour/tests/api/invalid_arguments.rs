//! Arguments that the library refuses before it sends anything.

use behaviour::constants::*;
use behaviour::{Client, Failure, raw, tests};
use mcp_test_server::mcp::{Config, Mcp};
use mcp_test_server::{Action, Server};
use std::ptr;

const URL: &str = "http://127.0.0.1:9/mcp";

fn untouched() -> Server {
    Server::start(|_| vec![Action::Close])
}

tests! {
    invalid_token_is_refused_and_not_shown {
        for token in ["", "Bearer s3cret", "bEARER s3cret", " s3cret", "s3cret ", "s3 cret",
                      "s3cret\n", "s3cret\r\nX: y", "s3cret\t", "s3cret\x7f", "s3cr\u{e9}t"] {
            let failure = Client::new(URL, Some(token)).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{token:?}");
            assert!(failure.message.contains("token"), "{}", failure.message);
            assert!(!failure.everything().contains("s3"), "{}", failure.message);
            let client = Client::of(URL);
            assert_eq!(client.set_token(Some(token)).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        }
    }

    invalid_url_is_refused_with_the_reason {
        for (url, words) in [("", "empty"), ("example.com/mcp", "scheme"), ("ftp://h/", "http"),
                             ("http://", "host"), ("http://u:s3cret@h/", "user name"),
                             ("http://h:99999/", "port"), ("http://h/ x", "blank"),
                             ("http://h/#f", "fragment"), ("http://h/\u{e9}", "ASCII")] {
            let failure = Client::new(url, None).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{url}");
            assert!(failure.message.contains(words), "{url}: {}", failure.message);
            assert!(!failure.message.contains("s3cret"));
        }
    }

    invalid_header_is_refused {
        let client = Client::of(URL);
        for (name, value) in [("", "x"), ("A B", "x"), ("A\r\nB", "x"), ("X", "s3cret\r\nY: z"),
                              ("X", "s3cret\n"), ("X", " s3cret"), ("Host", "x"),
                              ("content-length", "1"), ("Transfer-Encoding", "chunked"),
                              ("Connection", "close"), ("Content-Type", "x"), ("ACCEPT", "x"),
                              ("Mcp-Session-Id", "x"), ("MCP-Protocol-Version", "x"),
                              ("Mcp-Method", "x"), ("Last-Event-ID", "x")] {
            let failure = client.set_header(name, Some(value)).unwrap_err();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{name:?}");
            assert!(!failure.message.contains("s3cret"), "{}", failure.message);
        }
        client.set_header("X-API-Key", Some("k")).unwrap();
        client.set_header("x-api-key", None).unwrap();
        client.set_header("X-Not-There", None).unwrap();
    }

    authorization_header_and_token_exclude_each_other {
        let client = Client::new(URL, Some("t")).unwrap();
        let failure = client.set_header("Authorization", Some("Basic eA==")).unwrap_err();
        assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
        client.set_token(None).unwrap();
        client.set_header("authorization", Some("Basic eA==")).unwrap();
        assert_eq!(client.set_token(Some("t")).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
        let handler = client.set_token_handler(|_| None);
        assert_eq!(handler.unwrap_err().status, MCP_E_INVALID_ARGUMENT);
    }

    plain_http_credential_to_another_host_is_refused_before_sending {
        // An address for documentation: nothing may ever be sent to it.
        let client = Client::new("http://192.0.2.1/mcp", Some("t0ken")).unwrap();
        let failure = client.ping().unwrap_err();
        assert_eq!(failure.status, MCP_E_INSECURE);
        assert!(failure.message.contains("https") && !failure.everything().contains("t0ken"));
        let client = Client::of("http://192.0.2.1/mcp");
        client.set_header("X-API-Key", Some("k3y-value")).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE);
        let client = Client::of("http://192.0.2.1/mcp");
        client.set_token_handler(|_| unreachable!("asked for nothing")).unwrap();
        assert_eq!(client.ping().unwrap_err().status, MCP_E_INSECURE);
    }

    plain_http_credential_to_loopback_is_sent {
        let server = Server::start({
            let mcp = Mcp::new(Config { token: Some("t".into()), ..Config::default() });
            move |request| mcp.handle(request)
        });
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("http://{host}:{}/mcp", server.address().port());
            let client = Client::new(&url, Some("t")).unwrap();
            client.ping().unwrap();
        }
        assert_eq!(server.log().requests()[0].header("authorization"), Some("Bearer t"));
    }

    timeout_and_size_limits_must_be_positive {
        let client = Client::of(URL);
        unsafe {
            for wrong in [0, -1, i64::MIN] {
                assert_eq!(raw::mcp_client_set_timeout(client.0, wrong), MCP_E_INVALID_ARGUMENT);
                let status = raw::mcp_client_set_limit(client.0, MCP_LIMIT_CONNECT_TIME, wrong);
                assert_eq!(status, MCP_E_INVALID_ARGUMENT);
            }
            let status = raw::mcp_client_set_limit(client.0, MCP_LIMIT_MESSAGE_SIZE, 0);
            assert_eq!(status, MCP_E_INVALID_ARGUMENT);
        }
    }

    null_argument_is_an_error_and_never_a_crash {
        unsafe {
            let none = ptr::null_mut::<raw::mcp_client>();
            assert!(raw::mcp_client_new(ptr::null(), ptr::null()).is_null());
            assert_eq!(Failure::last().status, MCP_E_INVALID_ARGUMENT);
            assert_eq!(raw::mcp_ping(none), MCP_E_INVALID_ARGUMENT);
            assert_eq!(raw::mcp_connect(none, ptr::null_mut()), MCP_E_INVALID_ARGUMENT);
            assert!(raw::mcp_request_new(none, ptr::null(), ptr::null()).is_null());
            assert_eq!(raw::mcp_request_perform(ptr::null_mut(), ptr::null_mut()), 1);
            assert!(raw::mcp_request_error(ptr::null()).is_null());
            raw::mcp_client_close(none);
            raw::mcp_client_free(none);
            raw::mcp_request_free(ptr::null_mut());
            raw::mcp_cancel_fire(ptr::null_mut());
            raw::mcp_cancel_free(ptr::null_mut());
            raw::mcp_result_free(ptr::null_mut());
            assert_eq!(raw::mcp_client_set_info(none, ptr::null(), ptr::null()), 1);
            let client = Client::of(URL);
            assert_eq!(raw::mcp_client_set_header(client.0, ptr::null(), ptr::null()), 1);
            assert!(Failure::last().message.contains("name is NULL"));
            assert_eq!(raw::mcp_client_set_trace_fd(client.0, 12345), 1);
            assert_eq!(raw::mcp_token_request_answer(ptr::null_mut(), ptr::null(), 0), 1);
        }
    }

    text_that_is_not_utf8_is_refused {
        let bytes = b"http://127.0.0.1/\xff\0";
        let client = unsafe { raw::mcp_client_new(bytes.as_ptr().cast(), ptr::null()) };
        assert!(client.is_null());
        assert!(Failure::last().message.contains("UTF-8"));
    }

    unknown_version_cannot_be_pinned {
        let failure = Client::of(URL).pin("2031-01-01").unwrap_err();
        assert_eq!(failure.status, MCP_E_VERSION);
        assert!(failure.message.contains("2024-11-05"));
    }

    invalid_or_reserved_request_is_refused {
        let client = Client::of(URL);
        for (method, params) in [("", None), ("a b", None), ("initialize", None),
                                 ("notifications/initialized", None), ("x", Some("[]")),
                                 ("x", Some("{")), ("x", Some("1"))] {
            let failure = client.request(method, params).err().unwrap();
            assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT, "{method} {params:?}");
        }
    }

    creating_and_configuring_a_client_sends_nothing {
        let server = untouched();
        let client = Client::new(&server.url("/mcp"), Some("t")).unwrap();
        client.set_header("X", Some("y")).unwrap();
        client.pin("2025-11-25").unwrap();
        drop(client);
        assert_eq!(server.log().connections(), 0);
    }
}
