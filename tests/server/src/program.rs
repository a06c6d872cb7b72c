//! `mcp-test-server`, the server of the demo and of the C tests. Another
//! crate's program can be the same by calling [`main`], so that its tests
//! never meet an old one.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::behaviour::{BEHAVIOURS, Behaviour};
use crate::mcp::{Config, HANDSHAKE};
use crate::stdio::{self, Stdio};
use crate::{Server, scenario};

const USAGE: &str = "\
usage: mcp-test-server [--port N] [--token T] [--unix PATH] [--tls FILE]
                       [--until-stdin-closes]
       mcp-test-server --stdio [--revisions R] [--offer O] [--behaviour NAME]
                       [--after N] [--once FILE] [--log FILE]

Serves MCP on 127.0.0.1 and prints the address.

--port N     listens there; 0, the default, is a free port
--token T    is the bearer token that the MCP paths want
--unix PATH  listens on a Unix socket as well
--tls FILE   listens behind TLS as well, prints that address too, and writes
             the certificate of its authority to a file
--until-stdin-closes  ends with its standard input

With --stdio it serves over its standard input and output and ends with them.

--revisions R      both (the default), stateless, handshake, or a version
--offer O          none, full (the default), tasks, pages, endless, tampered
--behaviour NAME   what it does that it should not, see below
--after N          begins with that after N answers
--once FILE        does it only where FILE is not there, and makes that
--log FILE         notes there each line that comes, \"eof\", \"sigterm\", the
                   client's violations and \"grandchild PID\"
";

pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("mcp-test-server: {message}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug, Default)]
struct Options {
    port: u16,
    token: Option<String>,
    unix: Option<PathBuf>,
    tls: Option<PathBuf>,
    until_stdin_closes: bool,
    is_stdio: bool,
    revisions: Option<String>,
    offer: Option<String>,
    behaviour: Behaviour,
    after: u64,
    once: Option<PathBuf>,
    log: Option<PathBuf>,
}

fn run() -> Result<(), String> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--port" => options.port = number(&value()?)?,
            "--token" => options.token = Some(value()?),
            "--unix" => options.unix = Some(PathBuf::from(value()?)),
            "--tls" => options.tls = Some(PathBuf::from(value()?)),
            "--until-stdin-closes" => options.until_stdin_closes = true,
            "--stdio" => options.is_stdio = true,
            "--revisions" => options.revisions = Some(value()?),
            "--offer" => options.offer = Some(value()?),
            "--behaviour" => {
                let name = value()?;
                options.behaviour = Behaviour::parse(&name, || number(&value()?))?;
            }
            "--after" => options.after = number(&value()?)?,
            "--once" => options.once = Some(PathBuf::from(value()?)),
            "--log" => options.log = Some(PathBuf::from(value()?)),
            // The child of --behaviour grandchild.
            "--hold" => stdio::held(),
            "--help" => {
                println!(
                    "{USAGE}\nBehaviours:\n\n{BEHAVIOURS}\n\nOver HTTP it depends on the path:\n\n{}",
                    scenario::PATHS
                );
                return Ok(());
            }
            other => return Err(format!("unknown argument {other}; see --help")),
        }
    }
    if options.is_stdio { over_stdio(options) } else { over_http(options) }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} is not such a number"))
}

fn over_stdio(options: Options) -> Result<(), String> {
    let offer = options.offer.as_deref().unwrap_or("full");
    let offer = scenario::offer(offer).ok_or(format!("there is no offer {offer}"))?;
    let config = Config { offer, ..revisions(options.revisions.as_deref().unwrap_or("both"))? };
    let behaviour = match options.once {
        Some(path) if is_there(&path)? => Behaviour::None,
        _ => options.behaviour,
    };
    Stdio { config, behaviour, after: options.after, log: options.log }.run()
}

/// Whether the file was there; it is there from now on.
fn is_there(path: &Path) -> Result<bool, String> {
    match std::fs::File::create_new(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(true),
        Err(error) => Err(format!("--once: {error}")),
    }
}

fn revisions(text: &str) -> Result<Config, String> {
    let config = Config::default();
    let one = HANDSHAKE.iter().find(|version| **version == text);
    Ok(match (text, one) {
        ("both", _) => config,
        ("stateless" | "2026-07-28", _) => Config { handshake: Vec::new(), ..config },
        ("handshake", _) => Config { is_stateless: false, ..config },
        (_, Some(version)) => Config { is_stateless: false, handshake: vec![version], ..config },
        _ => return Err(format!("there is no revision {text}")),
    })
}

fn over_http(options: Options) -> Result<(), String> {
    let handler = scenario::handler(options.token);
    let failed = |error: std::io::Error| format!("cannot listen: {error}");
    let server = Server::start_on(options.port, options.unix, handler.clone()).map_err(failed)?;
    println!("listening on http://{}", server.address());
    let _secured: Option<Server> = match options.tls {
        None => None,
        #[cfg(feature = "tls")]
        Some(file) => {
            let (acceptor, authority) = crate::tls::acceptor();
            std::fs::write(file, authority).map_err(|error| error.to_string())?;
            let server = Server::start_tls(acceptor, handler).map_err(failed)?;
            println!("listening on https://localhost:{}", server.address().port());
            Some(server)
        }
        #[cfg(not(feature = "tls"))]
        Some(_) => return Err("built without the feature \"tls\"".to_owned()),
    };
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    if options.until_stdin_closes {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
    } else {
        loop {
            std::thread::park();
        }
    }
    Ok(())
}
