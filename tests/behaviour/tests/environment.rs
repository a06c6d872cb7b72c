//! Environment variables that are read during a call. This test has a program of
//! its own: it changes the environment, which no other thread may read at the
//! same time.

use behaviour::auth::Auth;
use behaviour::authority::Scene;
use behaviour::authority::jws::{now, unsigned};
use behaviour::constants::*;
use behaviour::tests;
use serde_json::json;

tests! {
    assertion_of_a_workload_is_read_from_a_variable_at_the_call {
        let variable = "MCP_TEST_ASSERTION_OF_A_WORKLOAD";
        let scene = Scene::new();
        let token = unsigned(&json!({"sub": "workload-of-the-tests", "exp": now() + 300}));
        scene.authority.accept(&token);
        scene.hides(&token);
        let auth = Auth::of(MCP_GRANT_JWT_BEARER);
        auth.set_assertion_variable(variable).unwrap();
        unsafe { std::env::set_var(variable, &token) };
        scene.client(&auth).ping().unwrap();
        scene.authority.has_no_complaint();
        scene.guarded.has_no_complaint();
    }
}
