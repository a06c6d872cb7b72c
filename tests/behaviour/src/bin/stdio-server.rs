//! The test server, built with the tests that start it.

fn main() -> std::process::ExitCode {
    mcp_test_server::program::main()
}
