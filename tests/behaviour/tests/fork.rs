//! Handles in a child process that fork() made. These tests have a program of
//! their own: a child holds copies of all descriptors of its parent, so that
//! the connections of other tests would not close.

use behaviour::auth::Auth;
use behaviour::constants::*;
use behaviour::{Client, raw, tests};
use mcp_test_server::Server;
use mcp_test_server::mcp::{Config, Mcp};

tests! {
    client_in_a_forked_child_gives_forked_and_parent_goes_on {
        let server = Server::start({
            let mcp = Mcp::new(Config { is_stateless: false, ..Config::default() });
            move |request| mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        client.ping().unwrap();
        let before = server.log().count();
        let request = client.request("ping", None).unwrap();
        let close = client.close_request().unwrap();
        let code = unsafe {
            let child = libc::fork();
            if child == 0 {
                let mut failed = 0;
                failed |= i32::from(raw::mcp_ping(client.0) != MCP_E_FORKED);
                failed |= i32::from(raw::mcp_connect(client.0, std::ptr::null_mut()) != MCP_E_FORKED) << 1;
                let perform = raw::mcp_request_perform(request.0, std::ptr::null_mut());
                failed |= i32::from(perform != MCP_E_FORKED) << 2;
                failed |= i32::from(raw::mcp_request_start(close.0) != MCP_E_FORKED) << 3;
                failed |= i32::from(!raw::mcp_request_new_close(client.0).is_null()) << 4;
                failed |= i32::from(!raw::mcp_request_new_connect(client.0).is_null()) << 5;
                failed |= i32::from(!raw::mcp_request_new_sign_in(client.0).is_null()) << 6;
                raw::mcp_request_free(close.0);
                raw::mcp_client_close(client.0);
                raw::mcp_request_free(request.0);
                raw::mcp_client_free(client.0);
                libc::_exit(failed);
            }
            let mut status = 0;
            libc::waitpid(child, &mut status, 0);
            libc::WEXITSTATUS(status)
        };
        assert_eq!(code, 0);
        client.ping().unwrap();
        assert_eq!(server.log().count(), before + 1, "the child sent nothing");
        assert_eq!(server.log().connections(), 1);
    }

    authorization_in_a_forked_child_gives_forked {
        let auth = Auth::of(MCP_GRANT_AUTHORIZATION_CODE);
        let child = unsafe { libc::fork() };
        if child == 0 {
            let status = unsafe { raw::mcp_auth_set_dpop(auth.0, 1) };
            unsafe { libc::_exit(i32::from(status != MCP_E_FORKED)) };
        }
        let mut status = 0;
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0);
    }

    token_request_in_a_forked_child_gives_forked {
        let server = Server::start({
            let mcp = Mcp::new(Config::default());
            move |request| mcp.handle(request)
        });
        let client = Client::of(&server.url("/mcp"));
        let (sender, requests) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        client.set_token_requests(move |request| {
            sender.lock().unwrap().send(request).unwrap();
            MCP_OK
        }).unwrap();
        let ping = client.request("ping", None).unwrap();
        ping.start().unwrap();
        let request = loop {
            client.dispatch(20).unwrap();
            if let Ok(request) = requests.try_recv() {
                break request;
            }
        };
        let child = unsafe { libc::fork() };
        if child == 0 {
            let refused = request.answer("token").map_err(|failure| failure.status);
            let failed = request.fail(None).map_err(|failure| failure.status);
            drop(request);
            let is_right = (refused, failed) == (Err(MCP_E_FORKED), Err(MCP_E_FORKED));
            unsafe { libc::_exit(i32::from(!is_right)) };
        }
        let mut status = 0;
        unsafe { libc::waitpid(child, &mut status, 0) };
        assert_eq!(status, 0);
        request.answer("token").unwrap();
        assert_eq!(ping.wait(60_000), MCP_OK);
    }
}
