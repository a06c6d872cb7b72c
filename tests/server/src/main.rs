//! `mcp-test-server`: the server of the demo and of the C tests.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use mcp_test_server::{Server, scenario};

const USAGE: &str = "\
usage: mcp-test-server [--port N] [--token T] [--unix PATH] [--until-stdin-closes]

Serves MCP on 127.0.0.1 and prints the address.

--port N     listens there; 0, the default, is a free port
--token T    is the bearer token that the MCP paths want
--unix PATH  listens on a Unix socket as well
--until-stdin-closes  ends with its standard input

What happens depends on the path:
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("mcp-test-server: {message}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<(), String> {
    let (mut port, mut token, mut unix, mut until_stdin_closes) = (0, None, None, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--port" => port = value()?.parse().map_err(|_| "--port is not a port".to_owned())?,
            "--token" => token = Some(value()?),
            "--unix" => unix = Some(PathBuf::from(value()?)),
            "--until-stdin-closes" => until_stdin_closes = true,
            "--help" => {
                println!("{USAGE}{}", scenario::PATHS);
                return Ok(());
            }
            other => return Err(format!("unknown argument {other}; see --help")),
        }
    }
    let server = Server::start_on(port, unix, scenario::handler(token))
        .map_err(|error| format!("cannot listen: {error}"))?;
    println!("listening on http://{}", server.address());
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    if until_stdin_closes {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    } else {
        loop {
            std::thread::park();
        }
    }
    Ok(())
}
