//! `mcp-test-server`: the server of the demo and of the C tests.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use mcp_test_server::{Server, scenario};

const USAGE: &str = "\
usage: mcp-test-server [--port N] [--token T] [--unix PATH] [--tls FILE]
           [--until-stdin-closes]

Serves MCP on 127.0.0.1 and prints the address.

--port N     listens there; 0, the default, is a free port
--token T    is the bearer token that the MCP paths want
--unix PATH  listens on a Unix socket as well
--tls FILE   listens behind TLS as well, prints that address too, and writes
             the certificate of its authority to a file
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
    let (mut port, mut token, mut unix, mut tls) = (0, None, None, None);
    let mut until_stdin_closes = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--port" => port = value()?.parse().map_err(|_| "--port is not a port".to_owned())?,
            "--token" => token = Some(value()?),
            "--unix" => unix = Some(PathBuf::from(value()?)),
            "--tls" => tls = Some(PathBuf::from(value()?)),
            "--until-stdin-closes" => until_stdin_closes = true,
            "--help" => {
                println!("{USAGE}{}", scenario::PATHS);
                return Ok(());
            }
            other => return Err(format!("unknown argument {other}; see --help")),
        }
    }
    let handler = scenario::handler(token);
    let failed = |error: std::io::Error| format!("cannot listen: {error}");
    let server = Server::start_on(port, unix, handler.clone()).map_err(failed)?;
    println!("listening on http://{}", server.address());
    let _secured: Option<Server> = match tls {
        None => None,
        #[cfg(feature = "tls")]
        Some(file) => {
            let (acceptor, authority) = mcp_test_server::tls::acceptor();
            std::fs::write(file, authority).map_err(|error| error.to_string())?;
            let server = Server::start_tls(acceptor, handler).map_err(failed)?;
            println!("listening on https://localhost:{}", server.address().port());
            Some(server)
        }
        #[cfg(not(feature = "tls"))]
        Some(_) => return Err("built without the feature \"tls\"".to_owned()),
    };
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
