//! `mcp-test-server`, see `mcp_test_server::program`.

fn main() -> std::process::ExitCode {
    mcp_test_server::program::main()
}
