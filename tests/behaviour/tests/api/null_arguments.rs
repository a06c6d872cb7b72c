//! NULL in place of every pointer, and getters of results without the member:
//! each gives an error, 0 or NULL, and never crashes.

use std::ptr::{null, null_mut};

use behaviour::constants::*;
use behaviour::{Answer, Client, HttpServer, outcome, raw, tests};
use mcp_test_server::offer::Offer;
use serde_json::json;

/// It is MCP_E_INVALID_ARGUMENT, and there is no result.
fn refused(call: impl FnOnce(*mut *mut raw::mcp_result) -> i32) {
    let mut out = std::ptr::dangling_mut();
    let failure = outcome(call(&mut out)).unwrap_err();
    assert_eq!(failure.status, MCP_E_INVALID_ARGUMENT);
    assert!(out.is_null(), "NULL after a failure");
}

fn is_refused(status: i32) {
    assert_eq!(outcome(status).unwrap_err().status, MCP_E_INVALID_ARGUMENT);
}

/// An answer that has nothing of what the others have.
fn nothing() -> Answer {
    let served = HttpServer::stateless();
    served.client().call("bare", json!({})).unwrap()
}

tests! {
    call_without_client_or_name_is_invalid {
        let served = HttpServer::stateless();
        let client = served.client();
        let (no, name) = (null_mut(), c"x".as_ptr());
        unsafe {
            for one in [no, client.0] {
                refused(|out| raw::mcp_call_tool(one, null(), null(), out));
                refused(|out| raw::mcp_read_resource(one, null(), out));
                refused(|out| raw::mcp_get_prompt(one, null(), null(), out));
                refused(|out| raw::mcp_complete(one, null(), name, name, null(), out));
                refused(|out| raw::mcp_complete(one, c"{}".as_ptr(), null(), name, null(), out));
                refused(|out| raw::mcp_complete(one, c"{}".as_ptr(), name, null(), null(), out));
                refused(|out| raw::mcp_read_skill_file(one, null(), 0, out));
                is_refused(raw::mcp_subscribe_resource(one, null()));
                is_refused(raw::mcp_unsubscribe_resource(one, null()));
                is_refused(raw::mcp_notify(one, null(), null()));
                assert!(raw::mcp_request_new_call_tool(one, null(), null()).is_null());
                assert!(raw::mcp_request_new_read_resource(one, null()).is_null());
                assert!(raw::mcp_request_new_get_prompt(one, null(), null()).is_null());
                assert!(raw::mcp_request_new_subscribe(one, null()).is_null());
                assert!(raw::mcp_request_new_unsubscribe(one, null()).is_null());
                assert!(raw::mcp_request_new_notify(one, null(), null()).is_null());
                assert!(raw::mcp_request_new_task_result(one, null()).is_null());
            }
            refused(|out| raw::mcp_call_tool(no, name, null(), out));
            refused(|out| raw::mcp_list_tools(no, out));
            refused(|out| raw::mcp_list_resources(no, out));
            refused(|out| raw::mcp_list_resource_templates(no, out));
            refused(|out| raw::mcp_list_prompts(no, out));
            refused(|out| raw::mcp_list_skills(no, out));
            is_refused(raw::mcp_set_log_level(no, 0));
            is_refused(raw::mcp_listen(no, 1));
            for request in [
                raw::mcp_request_new_connect(no),
                raw::mcp_request_new_listen(no, 1),
                raw::mcp_request_new_subscribe(no, name),
                raw::mcp_request_new_unsubscribe(no, name),
                raw::mcp_request_new_set_log_level(no, 0),
                raw::mcp_request_new_notify(no, name, null()),
                raw::mcp_request_new_task_result(no, name),
                raw::mcp_request_new_sign_in(no),
                raw::mcp_request_new_sign_out(no),
                raw::mcp_request_new_close(no),
            ] {
                assert!(request.is_null());
                assert_eq!(raw::mcp_error_status(null()), MCP_E_INVALID_ARGUMENT);
            }
            is_refused(raw::mcp_client_dispatch(no, 0));
            assert_eq!(raw::mcp_client_fd(no), -1);
            assert!(raw::mcp_client_next_done(no).is_null());
            assert_eq!(raw::mcp_client_counter(no, 1), 0);
        }
        assert_eq!(served.log().count(), 0);
    }

    result_pointer_may_be_null {
        let served = HttpServer::stateless();
        let client = served.client();
        unsafe {
            assert_eq!(raw::mcp_list_tools(client.0, null_mut()), 0);
            assert_eq!(raw::mcp_call_tool(client.0, c"bare".as_ptr(), null(), null_mut()), 0);
            assert_eq!(raw::mcp_read_resource(client.0, c"test://text".as_ptr(), null_mut()), 0);
        }
        served.has_no_complaint();
    }

    option_without_client_or_with_bad_number_is_invalid {
        let client = Client::of("http://127.0.0.1:1/mcp");
        unsafe {
            for wrong in [0, -1, i32::MIN] {
                is_refused(raw::mcp_client_set_deadline(client.0, wrong.into()));
                for limit in MCP_LIMIT_MESSAGE_SIZE..=MCP_LIMIT_INPUT_TIME {
                    if wrong != 0 || limit != MCP_LIMIT_CACHE {
                        is_refused(raw::mcp_client_set_limit(client.0, limit, wrong.into()));
                    }
                }
                is_refused(raw::mcp_client_set_limit(client.0, wrong, 1));
                is_refused(raw::mcp_client_set_allow(client.0, wrong, 1));
            }
            is_refused(raw::mcp_client_set_deadline(null_mut(), 1));
            is_refused(raw::mcp_client_set_limit(null_mut(), MCP_LIMIT_PAGES, 1));
            is_refused(raw::mcp_client_set_allow(null_mut(), MCP_ALLOW_TASKS, 1));
            is_refused(raw::mcp_client_set_allow(client.0, MCP_ALLOW_TASKS | 1 << 20, 1));
            let with_restart = MCP_ALLOW_TASKS | MCP_ALLOW_RESTART;
            let status = raw::mcp_client_set_allow(client.0, with_restart, 1);
            assert_eq!(outcome(status).unwrap_err().status, MCP_E_UNSUPPORTED);
            outcome(raw::mcp_client_set_limit(client.0, MCP_LIMIT_CACHE, 0)).unwrap();
            outcome(raw::mcp_client_set_limit(client.0, MCP_LIMIT_INPUT_TIME, i64::MAX)).unwrap();
            is_refused(raw::mcp_client_set_roots_json(null_mut(), null()));
            for wrong in [c"", c"[", c"{}", c"7"] {
                is_refused(raw::mcp_client_set_roots_json(client.0, wrong.as_ptr()));
            }
            for wrong in [c"", c"[", c"[]", c"7"] {
                is_refused(raw::mcp_client_set_capabilities_json(client.0, wrong.as_ptr()));
            }
            for level in [-1, 8, 100] {
                is_refused(raw::mcp_set_log_level(client.0, level));
            }
            is_refused(raw::mcp_listen(client.0, -1));
            is_refused(raw::mcp_listen(client.0, 1 << 20));
            is_refused(raw::mcp_client_set_event_handler(null_mut(), None, null_mut(), None));
            is_refused(raw::mcp_client_set_input_handler(null_mut(), 1, None, null_mut(), None));
        }
    }

    user_data_is_freed_when_a_handler_is_refused {
        struct Dropped(std::sync::Arc<std::sync::atomic::AtomicUsize>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let served = HttpServer::stateless();
        let client = served.client();
        let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let dropped = || count.load(std::sync::atomic::Ordering::SeqCst);
        let first = Dropped(count.clone());
        client.set_event_handler(move |_| { let _ = &first; }).unwrap();
        let second = Dropped(count.clone());
        client.set_event_handler(move |_| { let _ = &second; }).unwrap();
        assert_eq!(dropped(), 1, "replaced");
        client.take_event_handler().unwrap();
        assert_eq!(dropped(), 2, "taken away");
        client.ping().unwrap();
        let third = Dropped(count.clone());
        let failure =
            client.set_input_handler(MCP_INPUT_FORM, move |_| { let _ = &third; }).unwrap_err();
        assert_eq!((failure.status, dropped()), (MCP_E_STATE, 3), "handed over is handed over");
        let fourth = Dropped(count.clone());
        let request = client.tool_request("echo", json!({})).unwrap();
        request.set_progress(move |_| { let _ = &fourth; }).unwrap();
        drop(request);
        assert_eq!(dropped(), 4);
    }

    request_or_input_function_without_handle_is_invalid {
        unsafe {
            is_refused(raw::mcp_request_set_deadline(null_mut(), 1));
            is_refused(raw::mcp_request_set_progress(null_mut(), None, null_mut(), None));
            is_refused(raw::mcp_request_set_meta_json(null_mut(), null()));
            is_refused(raw::mcp_request_set_repeatable(null_mut(), 1));
            is_refused(raw::mcp_request_start(null_mut()));
            is_refused(raw::mcp_request_wait(null_mut(), 1));
            refused(|out| raw::mcp_request_take_result(null_mut(), out));
            raw::mcp_request_set_userdata(null_mut(), null_mut());
            assert!(raw::mcp_request_userdata(null()).is_null());
            raw::mcp_input_free(null_mut());
            assert_eq!(raw::mcp_input_kind(null()), 0);
            assert!(raw::mcp_input_schema_json(null(), null_mut()).is_null());
            assert!(raw::mcp_input_url(null()).is_null());
            assert!(raw::mcp_input_params_json(null(), null_mut()).is_null());
            is_refused(raw::mcp_input_accept(null_mut(), null()));
            is_refused(raw::mcp_input_decline(null_mut()));
            is_refused(raw::mcp_input_dismiss(null_mut()));
            is_refused(raw::mcp_input_reply_json(null_mut(), null()));
            is_refused(raw::mcp_input_fail(null_mut(), 1, null()));
            assert_eq!(raw::mcp_event_kind(null()), 0);
            assert!(raw::mcp_event_method(null()).is_null());
            assert!(raw::mcp_event_uri(null()).is_null());
            assert_eq!(raw::mcp_event_log_level(null()), -1);
            assert!(raw::mcp_event_message(null()).is_null());
        }
    }

    getter_of_null_gives_null_or_zero {
        unsafe {
            let mut len = 7;
            assert!(raw::mcp_result_json(null(), &mut len).is_null());
            assert_eq!(len, 0);
            assert!(raw::mcp_result_next_cursor(null()).is_null());
            assert!(raw::mcp_result_structured_json(null(), null_mut()).is_null());
            assert_eq!(raw::mcp_result_tool_count(null()), 0);
            assert_eq!(raw::mcp_result_resource_count(null()), 0);
            assert_eq!(raw::mcp_result_prompt_count(null()), 0);
            assert_eq!(raw::mcp_result_content_count(null()), 0);
            assert_eq!(raw::mcp_result_completion_count(null()), 0);
            assert_eq!(raw::mcp_result_skill_count(null()), 0);
            assert_eq!(raw::mcp_result_is_error(null()), 0);
            assert!(raw::mcp_result_tool(null(), 0).is_null());
            assert!(raw::mcp_result_find_tool(null(), null()).is_null());
            assert!(raw::mcp_result_content(null(), 0).is_null());
            assert!(raw::mcp_tool_name(null()).is_null());
            assert!(raw::mcp_tool_json(null(), null_mut()).is_null());
            assert_eq!(raw::mcp_tool_hint(null(), c"readOnlyHint".as_ptr()), -1);
            assert!(raw::mcp_resource_uri(null()).is_null());
            assert_eq!(raw::mcp_resource_size(null()), -1);
            assert!(raw::mcp_prompt_name(null()).is_null());
            assert_eq!(raw::mcp_prompt_argument_count(null()), 0);
            assert!(raw::mcp_prompt_argument_name(null(), 0).is_null());
            assert_eq!(raw::mcp_content_kind(null()), 0);
            assert!(raw::mcp_content_text(null(), null_mut()).is_null());
            assert!(raw::mcp_content_data(null(), null_mut()).is_null());
            assert!(raw::mcp_content_resource(null()).is_null());
            assert!(raw::mcp_skill_uri(null()).is_null());
            assert_eq!(raw::mcp_skill_file_count(null()), 0);
            assert!(raw::mcp_skill_file_uri(null(), 0).is_null());
            assert!(raw::mcp_skill_file_digest(null(), 0).is_null());
        }
    }

    result_of_another_method_gives_null_or_zero {
        let answer = nothing();
        assert_eq!((answer.tools().len(), answer.resources().len()), (0, 0));
        assert_eq!((answer.prompts().len(), answer.skills().len()), (0, 0));
        assert_eq!((answer.completions().len(), answer.more_completions()), (0, (false, -1)));
        assert_eq!((answer.next_cursor(), answer.meta(), answer.ttl()), (None, None, -1));
        assert_eq!((answer.structured(), answer.description()), (None, None));
        assert!(answer.find_tool("echo").is_none());
        assert!(unsafe { raw::mcp_result_find_tool(answer.0, null()) }.is_null());
        let served = HttpServer::new(mcp_test_server::mcp::Config::stateless(Offer::default()));
        let tools = served.client().list_tools().unwrap();
        assert_eq!((tools.contents().len(), tools.text().as_str()), (0, ""));
        let tool = tools.find_tool("echo").unwrap();
        assert_eq!(unsafe { raw::mcp_tool_hint(tool.0, null()) }, -1);
    }
}
