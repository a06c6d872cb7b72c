//! A client as one would write it with rmcp, the official Rust SDK; see
//! `bench.h`.

mod usage;

use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientRequest, PingRequest, ProgressNotificationParam,
    ProtocolVersion, RequestMetaObject,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, Peer, RoleClient};
use serde_json::{Map, Value};
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use usage::Start;

type Failure = Box<dyn Error + Send + Sync>;
type Client = RunningService<RoleClient, Handler>;

const THREADS: usize = 8;
const TOOLS: usize = 10_000;
const AT_ONCE: usize = 1000;
const LARGE: usize = 20 * 1024 * 1024;

/// Counts progress notifications. rmcp runs a task for each one, so they arrive in
/// any order, and possibly after the result.
#[derive(Clone, Default)]
struct Handler {
    told: Arc<AtomicUsize>,
    more: Arc<Notify>,
}

impl ClientHandler for Handler {
    async fn on_progress(
        &self,
        params: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        if params.progress > 0.0 {
            self.told.fetch_add(1, Ordering::AcqRel);
            self.more.notify_one();
        }
    }
}

struct Bench {
    target: String,
    token: String,
    workload: String,
    repetitions: usize,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [target, token, workload, repetitions] = arguments.as_slice() else {
        return Err("usage: rmcp URL TOKEN WORKLOAD N".into());
    };
    let bench = Bench {
        target: target.clone(),
        token: token.clone(),
        workload: workload.clone(),
        repetitions: repetitions.parse()?,
    };
    bench.runtime()?.block_on(bench.run())
}

impl Bench {
    /// One thread, except for `par8`: on one processor that is best for rmcp.
    fn runtime(&self) -> Result<Runtime, Failure> {
        let mut builder = if self.workload == "par8" {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(THREADS);
            builder
        } else {
            Builder::new_current_thread()
        };
        Ok(builder.enable_all().build()?)
    }

    async fn run(&self) -> Result<(), Failure> {
        let cold = Start::now()?;
        if self.workload == "cold" {
            for _ in 0..self.repetitions {
                self.connected().await?.cancel().await?;
            }
            return self.report(&cold);
        }
        let client = self.connected().await?;
        let arguments = self.arguments();
        if self.workload == "large" {
            list(&client).await?;
        }
        let start = Start::now()?;
        match self.workload.as_str() {
            "progress" => self.progress(&client).await?,
            "par8" => self.par8(&client).await?,
            "started" => self.started(&client).await?,
            "idle" => return self.idle(&start).await,
            "large" => self.large(&client, arguments).await?,
            _ => {
                for _ in 0..self.repetitions {
                    self.once(&client).await?;
                }
            }
        }
        self.report(&start)?;
        client.cancel().await?;
        Ok(())
    }

    fn report(&self, start: &Start) -> Result<(), Failure> {
        start.report(&self.workload, self.repetitions)
    }

    fn is_stateless(&self) -> bool {
        self.target.ends_with("/stateless")
    }

    async fn connected(&self) -> Result<Client, Failure> {
        if self.workload.starts_with("stdio") {
            let transport = TokioChildProcess::new(Command::new(&self.target))?;
            let lifecycle = ClientLifecycleMode::Initialize;
            return Ok(Handler::default().serve_with_lifecycle(transport, lifecycle).await?);
        }
        let config = StreamableHttpClientTransportConfig::with_uri(self.target.as_str())
            .auth_header(self.token.as_str());
        let lifecycle = if self.is_stateless() {
            ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            }
        } else {
            ClientLifecycleMode::Initialize
        };
        let transport = StreamableHttpClientTransport::from_config(config);
        let client = Handler::default().serve_with_lifecycle(transport, lifecycle).await?;
        if !self.is_stateless() {
            self.ping(&client).await?;
        }
        Ok(client)
    }

    async fn once(&self, client: &Client) -> Result<(), Failure> {
        match self.workload.as_str() {
            "ping" | "stdioping" => self.ping(client).await,
            "list10k" => list(client).await,
            "call1k" | "call2026" | "stdiocall" => call_text(client, "text1k", 1024).await,
            "call10m" => call_text(client, "text10m", 10_000_000).await,
            "call10mplain" => call_text(client, "plain10m", 10_000_000).await,
            "structured" | "events" => structured(client).await,
            _ => Err("no such workload".into()),
        }
    }

    async fn ping(&self, client: &Client) -> Result<(), Failure> {
        if !self.is_stateless() {
            return ping(client).await;
        }
        client.discover(RequestMetaObject::default()).await?;
        Ok(())
    }

    fn arguments(&self) -> Map<String, Value> {
        let mut arguments = Map::new();
        if self.workload == "progress" {
            arguments.insert("count".into(), Value::from(self.repetitions));
        }
        if self.workload == "large" {
            arguments.insert("path".into(), Value::from("x".repeat(LARGE)));
        }
        arguments
    }

    async fn progress(&self, client: &Client) -> Result<(), Failure> {
        call(client, "progress", self.arguments()).await?;
        let Handler { told, more } = client.service();
        while told.load(Ordering::Acquire) < self.repetitions {
            more.notified().await;
        }
        Ok(())
    }

    async fn par8(&self, client: &Client) -> Result<(), Failure> {
        let mut tasks = JoinSet::new();
        for _ in 0..THREADS {
            let (peer, count) = (client.peer().clone(), self.repetitions / THREADS);
            tasks.spawn(async move {
                for _ in 0..count {
                    ping(&peer).await?;
                }
                Ok::<(), Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }

    async fn started(&self, client: &Client) -> Result<(), Failure> {
        let mut left = self.repetitions;
        while left > 0 {
            let mut tasks = JoinSet::new();
            for _ in 0..left.min(AT_ONCE) {
                let peer = client.peer().clone();
                tasks.spawn(async move { call_text(&peer, "text1k", 1024).await });
            }
            left -= tasks.len();
            while let Some(done) = tasks.join_next().await {
                done??;
            }
        }
        Ok(())
    }

    /// The last call may keep the arguments.
    async fn large(&self, client: &Client, arguments: Map<String, Value>) -> Result<(), Failure> {
        for _ in 1..self.repetitions {
            call(client, "tool_00000", arguments.clone()).await?;
        }
        call(client, "tool_00000", arguments).await?;
        Ok(())
    }

    /// A client of the session era opens the stream by itself.
    async fn idle(&self, start: &Start) -> Result<(), Failure> {
        let mut clients = Vec::new();
        for _ in 0..self.repetitions {
            clients.push(self.connected().await?);
        }
        self.report(start)
    }
}

async fn ping(client: &Peer<RoleClient>) -> Result<(), Failure> {
    client.send_request(ClientRequest::PingRequest(PingRequest::default())).await?;
    Ok(())
}

async fn call(
    client: &Peer<RoleClient>,
    tool: &'static str,
    arguments: Map<String, Value>,
) -> Result<CallToolResult, Failure> {
    let params = CallToolRequestParams::new(tool).with_arguments(arguments);
    Ok(client.call_tool(params).await?)
}

async fn call_text(
    client: &Peer<RoleClient>,
    tool: &'static str,
    due: usize,
) -> Result<(), Failure> {
    let result = call(client, tool, Map::new()).await?;
    let text = result.content.first().and_then(|one| one.as_text());
    match text {
        Some(text) if text.text.len() == due && has_line_breaks(&text.text, tool) => Ok(()),
        _ => Err("another text".into()),
    }
}

/// Whether a text has the line breaks of the tool's.
fn has_line_breaks(text: &str, tool: &str) -> bool {
    let start = text.as_bytes().get(..256).unwrap_or_default();
    start.contains(&b'\n') == (tool != "plain10m")
}

async fn structured(client: &Peer<RoleClient>) -> Result<(), Failure> {
    let result = call(client, "structured", Map::new()).await?;
    let content = result.structured_content.ok_or("no structured content")?;
    let read = (
        content.pointer("/total").and_then(Value::as_i64),
        content.pointer("/cities/0/name").and_then(Value::as_str),
        content.pointer("/cities/1/population").and_then(Value::as_i64),
    );
    if read != (Some(3), Some("Zürich"), Some(11_451_245)) {
        return Err("other structured content".into());
    }
    Ok(())
}

async fn list(client: &Client) -> Result<(), Failure> {
    let tools = client.list_all_tools().await?;
    if tools.len() != TOOLS {
        return Err("another number of tools".into());
    }
    if !tools.iter().all(|tool| tool.name.starts_with("tool_")) {
        return Err("another name".into());
    }
    Ok(())
}
