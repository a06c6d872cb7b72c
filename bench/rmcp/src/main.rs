//! A client as one would write it with rmcp, the official Rust SDK; see
//! `bench.h`.

use std::env;
use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rmcp::model::{
    CallToolRequestParams, ClientRequest, PingRequest, ProgressNotificationParam, ProtocolVersion,
    RequestMetaObject,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;
type Client = RunningService<RoleClient, Handler>;

const THREADS: usize = 8;
const TOOLS: usize = 10_000;

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
    url: String,
    token: String,
    workload: String,
    repetitions: usize,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [url, token, workload, repetitions] = arguments.as_slice() else {
        return Err("usage: rmcp URL TOKEN WORKLOAD N".into());
    };
    let bench = Bench {
        url: url.clone(),
        token: token.clone(),
        workload: workload.clone(),
        repetitions: repetitions.parse()?,
    };
    let nanoseconds = bench.runtime()?.block_on(bench.run())?;
    println!("{workload} {repetitions} {nanoseconds}");
    report_memory()
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

    async fn run(&self) -> Result<u128, Failure> {
        let cold = Instant::now();
        if self.workload == "cold" {
            for _ in 0..self.repetitions {
                self.connected().await?.cancel().await?;
            }
            return Ok(cold.elapsed().as_nanos());
        }
        let client = self.connected().await?;
        let start = Instant::now();
        match self.workload.as_str() {
            "progress" => self.progress(&client).await?,
            "par8" => self.par8(&client).await?,
            workload => {
                for _ in 0..self.repetitions {
                    match workload {
                        "ping" => self.ping(&client).await?,
                        "list10k" => list(&client).await?,
                        "call1k" | "call2026" => call(&client, "text1k", 1024).await?,
                        "call10m" => call(&client, "text10m", 9_767_442).await?,
                        "call10mplain" => call(&client, "plain10m", 10_000_000).await?,
                        _ => return Err("no such workload".into()),
                    }
                }
            }
        }
        let elapsed = start.elapsed().as_nanos();
        client.cancel().await?;
        Ok(elapsed)
    }

    fn is_stateless(&self) -> bool {
        self.url.ends_with("/stateless")
    }

    async fn connected(&self) -> Result<Client, Failure> {
        let config = StreamableHttpClientTransportConfig::with_uri(self.url.as_str())
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

    async fn ping(&self, client: &Client) -> Result<(), Failure> {
        if self.is_stateless() {
            client.discover(RequestMetaObject::default()).await?;
        } else {
            let ping = ClientRequest::PingRequest(PingRequest::default());
            client.send_request(ping).await?;
        }
        Ok(())
    }

    async fn progress(&self, client: &Client) -> Result<(), Failure> {
        let mut arguments = Map::new();
        arguments.insert("count".into(), Value::from(self.repetitions));
        let params = CallToolRequestParams::new("progress").with_arguments(arguments);
        client.call_tool(params).await?;
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
                    call(&peer, "text1k", 1024).await?;
                }
                Ok::<(), Failure>(())
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }
}

async fn call(
    client: &rmcp::Peer<RoleClient>,
    tool: &'static str,
    due: usize,
) -> Result<(), Failure> {
    let params = CallToolRequestParams::new(tool).with_arguments(Map::new());
    let result = client.call_tool(params).await?;
    let text = result.content.first().and_then(|one| one.as_text());
    match text {
        Some(text) if text.text.len() == due => Ok(()),
        _ => Err("another text".into()),
    }
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

/// As in `bench.h`.
fn report_memory() -> Result<(), Failure> {
    let Ok(path) = env::var("BENCH_MEMORY") else {
        return Ok(());
    };
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next());
    Ok(fs::write(path, format!("{}\n", peak.ok_or("no peak memory")?))?)
}
