"""The servers of the suite `real`, as data: how each one starts, what it has to
say of itself, and one call with what its result has to contain.

In texts, {name} stands for a place: {work} is an empty folder of the server,
{port1} a free port for it and {port2} one for what is behind a gateway, {npm}
the node_modules folder of its environment, {programs} our small servers that use
a framework (tests/interop/real), and {sdk_1_9} the bin folder of the Python
environment sdk-1.9, and so on.
"""

from dataclasses import dataclass, field

MODERN, NEWEST_SESSION = "2026-07-28", "2025-11-25"


@dataclass
class Server:
    name: str                   # unique
    package: str                # with its version, as the lock files have it
    framework: str              # what speaks MCP in it
    environments: list          # npm:FOLDER (real/FOLDER), py:NAME (requirements), program:NAME
    command: list
    carrier: str                # stdio, http (Streamable HTTP) or sse
    revision: str
    tool: str
    arguments: dict
    expected: str               # in the text of the result
    host: str = "127.0.0.1"
    path: str = "/mcp"
    short: bool = False         # a part of the usual tests
    slow: int = 0               # seconds that pass before it starts, as with a cold npx
    knows_ping: bool = True     # or the server answers with -32601
    fails: str = ""             # "tool": its result says that it failed; "rpc": an error
    settings: dict = field(default_factory=dict)    # environment variables
    files: dict = field(default_factory=dict)       # in {work}, name to text
    prepare: list = field(default_factory=list)     # programs to run before
    backend: list = None        # a server on {port2}, for a gateway to reach


def npm_program(path):
    return ["{node}", "{npm}/" + path]


ADD = {"tool": "add", "arguments": {"a": 2, "b": 3}, "expected": "2 + 3 = 5"}
SHORT, ALL = ["npm:short"], ["npm:all"]
MEMORY = npm_program("@modelcontextprotocol/server-memory/dist/index.js")
MEMORY_USE = {
    "tool": "search_nodes", "arguments": {"query": "lake"}, "expected": "Zurich",
    "settings": {"MEMORY_FILE_PATH": "{work}/memory.jsonl"},
    "files": {"memory.jsonl": '{"type":"entity","name":"Zurich","entityType":"city",'
                              '"observations":["it is on a lake"]}\n'},
}
TIME_USE = {
    "tool": "convert_time",
    "arguments": {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"},
    "expected": "21:30",
}
SUPERGATEWAY = npm_program("supergateway/dist/index.js")
NODE_PROXY = npm_program("mcp-proxy/dist/bin/mcp-proxy.mjs")
KUBERNETES = ["{npm}/kubernetes-mcp-server-linux-amd64/bin/kubernetes-mcp-server-linux-amd64",
              "--kubeconfig", "{work}/kubeconfig", "--toolsets", "config"]
KUBERNETES_USE = {
    "tool": "configuration_view", "arguments": {"minified": False},
    "expected": "name: cluster-of-a-test",
    "files": {"kubeconfig": "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
                            "clusters:\n- name: cluster-of-a-test\n"
                            "  cluster: {server: 'http://127.0.0.1:9'}\n"
                            "contexts:\n- name: here\n"
                            "  context: {cluster: cluster-of-a-test, user: me}\n"
                            "users:\n- name: me\n  user: {}\n"},
}
GRAFANA = ["{grafana}/mcp-grafana"]
# A made-up answer of Grafana, as a file that a server of files serves.
GRAFANA_USE = {
    "tool": "get_dashboard_by_uid", "arguments": {"uid": "abc"}, "expected": "a test's board",
    "files": {"board.json": '{"dashboard":{"uid":"abc","title":"a test\'s board"},"meta":{}}'},
    "prepare": [["mkdir", "-p", "{work}/api/dashboards/uid"],
                ["cp", "{work}/board.json", "{work}/api/dashboards/uid/abc"]],
    "settings": {"GRAFANA_URL": "http://127.0.0.1:{port2}",
                 "GRAFANA_SERVICE_ACCOUNT_TOKEN": "none"},
    "backend": ["{python}", "-m", "http.server", "--bind", "127.0.0.1", "{port2}"],
}
FILES = ["{python}", "-m", "http.server", "--bind", "127.0.0.1", "{port2}"]
XMCP_USE = {
    "prepare": [["cp", "-r", "{programs}/xmcp/.", "{work}"],
                ["ln", "-s", "{npm}", "{work}/node_modules"],
                [*npm_program("xmcp/dist/cli.js"), "build"]],
    "settings": {"PORT": "{port1}"},
}
DUCKDB_USE = {"tool": "execute_query", "arguments": {"sql": "SELECT 6 * 7 AS answer"},
              "expected": "42"}
# --no-sandbox: tests run as root in a container.
PAGE_USE = {"arguments": {"url": "data:text/html,<title>a page of a test</title>"},
            "expected": "a page of a test"}

SERVERS = [
    # The short part: the quickest to install and to start, of most frameworks.
    Server("time of 2024", "mcp-server-time 0.6.2", "Python SDK 1.0.0", ["py:sdk-1.0"],
           ["{sdk_1_0}/mcp-server-time"], "stdio", "2024-11-05",
           short=True, **TIME_USE),
    Server("memory", "@modelcontextprotocol/server-memory 2026.8.31", "TypeScript SDK 1.32.2",
           SHORT, MEMORY, "stdio", NEWEST_SESSION, short=True, **MEMORY_USE),
    Server("mcp-handler", "mcp-handler 2.4.0", "TypeScript SDK 2.4.0", SHORT,
           ["{node}", "{programs}/handler.mjs"], "http", MODERN, short=True,
           settings={"PORT": "{port1}"}, **ADD),
    Server("cron, slow start", "mcp-cron-linux-amd64 0.9.1", "Go SDK 1.4.1", SHORT,
           ["{npm}/mcp-cron-linux-amd64/bin/mcp-cron", "--transport", "stdio",
            "--db-path", "cron.db"], "stdio", NEWEST_SESSION, "query_task_result",
           {"sql": "SELECT 6 * 7 AS answer"}, "42", short=True, slow=11),
    Server("biomcp", "biomcp-cli 0.9.3", "Rust SDK (rmcp)", ["py:biomcp"],
           ["{biomcp}/biomcp", "serve"], "stdio", MODERN, "biomcp",
           {"command": "list gene"}, "gene", short=True),
    Server("fastmcp-ts", "fastmcp 4.20.16", "fastmcp for TypeScript", SHORT,
           ["{node}", "{programs}/fastmcp.mjs", "http"], "http", NEWEST_SESSION, short=True,
           settings={"PORT": "{port1}"}, **ADD),
    Server("supergateway to HTTP", "supergateway 4.0.0", "supergateway", SHORT,
           [*SUPERGATEWAY, "--streamableHttp", "http://127.0.0.1:{port2}/mcp"],
           "stdio", NEWEST_SESSION, short=True,
           settings={"PORT": "{port2}"},
           backend=["{node}", "{programs}/fastmcp.mjs", "http"], **ADD),
    Server("mcp-remote to HTTP", "mcp-remote 0.15.1", "mcp-remote", SHORT,
           [*npm_program("mcp-remote/dist/proxy.js"), "http://127.0.0.1:{port2}/mcp"],
           "stdio", MODERN, short=True, settings={"PORT": "{port2}"},
           backend=["{node}", "{programs}/tmcp.mjs", "http"], **ADD),

    # Node.
    Server("memory, slow start", "@modelcontextprotocol/server-memory 2026.8.31",
           "TypeScript SDK 1.32.2", SHORT, MEMORY, "stdio", NEWEST_SESSION, slow=12,
           **MEMORY_USE),
    Server("tmcp, stdio", "tmcp 1.20.0", "tmcp", SHORT,
           ["{node}", "{programs}/tmcp.mjs", "stdio"], "stdio", MODERN, **ADD),
    Server("tmcp, slow start", "tmcp 1.20.0", "tmcp", SHORT,
           ["{node}", "{programs}/tmcp.mjs", "stdio"], "stdio", MODERN, slow=12, **ADD),
    Server("tmcp, http", "tmcp 1.20.0", "tmcp", SHORT,
           ["{node}", "{programs}/tmcp.mjs", "http"], "http", MODERN,
           settings={"PORT": "{port1}"}, **ADD),
    Server("fastmcp-ts, stdio", "fastmcp 4.20.16", "fastmcp for TypeScript", SHORT,
           ["{node}", "{programs}/fastmcp.mjs", "stdio"], "stdio", NEWEST_SESSION, **ADD),
    Server("fastmcp-ts, sse", "fastmcp 4.20.16", "fastmcp for TypeScript", SHORT,
           ["{node}", "{programs}/fastmcp.mjs", "http"], "sse", NEWEST_SESSION, path="/sse",
           settings={"PORT": "{port1}"}, **ADD),
    Server("mcp-framework, stdio", "mcp-framework 0.2.22", "mcp-framework", ALL,
           ["{node}", "{programs}/framework/index.mjs", "stdio"], "stdio", NEWEST_SESSION,
           **ADD),
    Server("mcp-framework, http", "mcp-framework 0.2.22", "mcp-framework", ALL,
           ["{node}", "{programs}/framework/index.mjs", "http-stream"], "http",
           NEWEST_SESSION, settings={"PORT": "{port1}"}, **ADD),
    Server("mcp-framework, sse", "mcp-framework 0.2.22", "mcp-framework", ALL,
           ["{node}", "{programs}/framework/index.mjs", "sse"], "sse", NEWEST_SESSION,
           path="/sse", settings={"PORT": "{port1}"}, **ADD),
    Server("xmcp, stdio", "xmcp 1.1.3", "xmcp", ALL, ["{node}", "dist/stdio.js"], "stdio",
           MODERN, **ADD, **XMCP_USE),
    Server("xmcp, http", "xmcp 1.1.3", "xmcp", ALL, ["{node}", "dist/http.js"], "http",
           MODERN, **ADD, **XMCP_USE),
    Server("filesystem", "@modelcontextprotocol/server-filesystem 2026.8.31",
           "TypeScript SDK 1.32.2", ALL,
           [*npm_program("@modelcontextprotocol/server-filesystem/dist/index.js"), "{work}"],
           "stdio", NEWEST_SESSION, "read_text_file", {"path": "note.txt"}, "a note of a test",
           files={"note.txt": "a note of a test\n"}),
    Server("sequential-thinking", "@modelcontextprotocol/server-sequential-thinking 2026.8.31",
           "TypeScript SDK 1.32.2", ALL,
           npm_program("@modelcontextprotocol/server-sequential-thinking/dist/index.js"),
           "stdio", NEWEST_SESSION, "sequentialthinking",
           {"thought": "it works", "nextThoughtNeeded": False, "thoughtNumber": 1,
            "totalThoughts": 1}, '"totalThoughts": 1'),
    Server("postgres of 2024", "@modelcontextprotocol/server-postgres 0.6.2",
           "TypeScript SDK 1.0.1", ALL,
           [*npm_program("@modelcontextprotocol/server-postgres/dist/index.js"),
            "postgres://127.0.0.1:9/none"], "stdio", "2024-11-05", "query",
           {"sql": "SELECT 1"}, "ECONNREFUSED", fails="rpc"),
    Server("hello-world", "mcp-hello-world 1.1.2", "TypeScript SDK 1", ALL,
           npm_program(".bin/mcp-hello-world"), "stdio", NEWEST_SESSION, "add",
           {"a": 2, "b": 3}, "5"),
    Server("playwright", "@playwright/mcp 0.0.83", "TypeScript SDK 1, bundled",
           [*ALL, "program:chromium"],
           [*npm_program("@playwright/mcp/cli.js"), "--headless", "--isolated",
            "--no-sandbox", "--executable-path", "{chromium}"], "stdio", NEWEST_SESSION,
           "browser_navigate", **PAGE_USE),
    Server("playwright, http", "@playwright/mcp 0.0.83", "TypeScript SDK 1, bundled",
           [*ALL, "program:chromium"],
           [*npm_program("@playwright/mcp/cli.js"), "--headless", "--isolated",
            "--no-sandbox", "--executable-path", "{chromium}", "--port", "{port1}"], "http",
           NEWEST_SESSION, "browser_navigate", host="localhost", **PAGE_USE),
    Server("chrome-devtools", "chrome-devtools-mcp 1.11.0", "TypeScript SDK 1, bundled",
           [*ALL, "program:chromium"],
           [*npm_program("chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js"),
            "--headless", "--isolated", "--executablePath", "{chromium}",
            "--chromeArg=--no-sandbox", "--no-usage-statistics"], "stdio", NEWEST_SESSION,
           "new_page", **PAGE_USE),
    Server("eslint", "@eslint/mcp 0.3.13", "TypeScript SDK 1", ALL,
           npm_program("@eslint/mcp/src/mcp-cli.js"), "stdio", NEWEST_SESSION, "lint-files",
           {"filePaths": ["{work}/code.js"]}, "no-debugger",
           files={"code.js": "debugger;\n", "eslint.config.mjs":
                  "export default [{ rules: { 'no-debugger': 'error' } }];\n"}),
    Server("code-runner", "mcp-server-code-runner 0.1.8", "TypeScript SDK 1", ALL,
           npm_program(".bin/mcp-server-code-runner"), "stdio", NEWEST_SESSION, "run-code",
           {"code": "console.log(6 * 7)", "languageId": "javascript"}, "42"),
    Server("n8n", "n8n-mcp 2.87.0", "TypeScript SDK 1.30.0", ALL,
           npm_program("n8n-mcp/dist/mcp/index.js"), "stdio", "2025-03-26", "search_nodes",
           {"query": "webhook"}, "nodes-base.webhook",
           settings={"MCP_MODE": "stdio", "DISABLE_CONSOLE_OUTPUT": "true",
                     "N8N_MCP_TELEMETRY_DISABLED": "true"}),
    Server("system-monitor", "@modelcontextprotocol/server-system-monitor 2.0.3",
           "TypeScript SDK 2.0.0", ALL, [*npm_program(".bin/mcp-system-monitor-server"),
                                         "--stdio"], "stdio", NEWEST_SESSION,
           "get-system-info", {}, "hostname"),

    # Gateways.
    Server("supergateway, http", "supergateway 4.0.0", "supergateway", SHORT,
           [*SUPERGATEWAY, "--stdio", "{node} {programs}/fastmcp.mjs stdio",
            "--outputTransport", "streamableHttp", "--port", "{port1}"], "http",
           NEWEST_SESSION, **ADD),
    Server("supergateway, http with sessions", "supergateway 4.0.0", "supergateway", SHORT,
           [*SUPERGATEWAY, "--stdio", "{node} {programs}/fastmcp.mjs stdio",
            "--outputTransport", "streamableHttp", "--stateful", "--port", "{port1}"], "http",
           NEWEST_SESSION, **ADD),
    Server("supergateway, sse", "supergateway 4.0.0", "supergateway", SHORT,
           [*SUPERGATEWAY, "--stdio", "{node} {programs}/fastmcp.mjs stdio", "--port",
            "{port1}"], "sse", NEWEST_SESSION, path="/sse", **ADD),
    Server("mcp-proxy of npm, http", "mcp-proxy 6.7.19", "mcp-proxy for TypeScript", SHORT,
           [*NODE_PROXY, "--port", "{port1}", "--", "{node}", "{programs}/fastmcp.mjs",
            "stdio"], "http", MODERN, **ADD),
    Server("mcp-proxy of npm, sse", "mcp-proxy 6.7.19", "mcp-proxy for TypeScript", SHORT,
           [*NODE_PROXY, "--port", "{port1}", "--server", "sse", "--", "{node}",
            "{programs}/fastmcp.mjs", "stdio"], "sse", NEWEST_SESSION, path="/sse", **ADD),
    Server("mcp-remote to SSE", "mcp-remote 0.15.1", "mcp-remote", SHORT,
           [*npm_program("mcp-remote/dist/proxy.js"), "http://127.0.0.1:{port2}/sse",
            "--transport", "sse-only"], "stdio", NEWEST_SESSION, settings={"PORT": "{port2}"},
           backend=["{node}", "{programs}/fastmcp.mjs", "http"], **ADD),
    Server("mcp-proxy of PyPI, http", "mcp-proxy 0.13.0", "Python SDK 1.30.0",
           ["py:sdk-1.30"], ["{sdk_1_30}/mcp-proxy", "--port", "{port1}",
                             "{sdk_1_30}/mcp-server-calculator"], "http", NEWEST_SESSION,
           "calculate", {"expression": "6 * 7"}, "42"),
    Server("mcp-proxy of PyPI, sse", "mcp-proxy 0.13.0", "Python SDK 1.30.0",
           ["py:sdk-1.30"], ["{sdk_1_30}/mcp-proxy", "--port", "{port1}",
                             "{sdk_1_30}/mcp-server-calculator"], "sse", NEWEST_SESSION,
           "calculate", {"expression": "6 * 7"}, "42", path="/sse"),
    Server("mcp-proxy of PyPI to HTTP", "mcp-proxy 0.13.0", "Python SDK 1.30.0",
           ["py:sdk-1.30", *SHORT], ["{sdk_1_30}/mcp-proxy", "--transport", "streamablehttp",
                                     "http://127.0.0.1:{port2}/mcp"], "stdio",
           NEWEST_SESSION, settings={"PORT": "{port2}"},
           backend=["{node}", "{programs}/fastmcp.mjs", "http"], **ADD),

    # Python.
    Server("chroma", "chroma-mcp 0.2.6", "Python SDK 1.6.0", ["py:sdk-1.6"],
           ["{sdk_1_6}/chroma-mcp", "--client-type", "ephemeral"], "stdio", "2024-11-05",
           "chroma_list_collections", {"limit": 3}, "NO_COLLECTIONS",
           settings={"ANONYMIZED_TELEMETRY": "False"}),
    Server("sqlite", "mcp-server-sqlite 2025.4.25", "Python SDK 1.8.1", ["py:sdk-1.8"],
           ["{sdk_1_8}/mcp-server-sqlite", "--db-path", "{work}/test.db"], "stdio",
           "2024-11-05", "read_query", {"query": "SELECT 6 * 7 AS answer"}, "42",),
    Server("git of 2025", "mcp-server-git 2025.7.1", "Python SDK 1.9.4", ["py:sdk-1.9"],
           ["{sdk_1_9}/mcp-server-git"], "stdio", "2025-03-26", "git_status",
           {"repo_path": "{work}"}, "branch", prepare=[["git", "init", "-q", "{work}"]]),
    Server("calculator", "mcp-server-calculator 0.2.1", "Python SDK 1.30.0", ["py:sdk-1.30"],
           ["{sdk_1_30}/mcp-server-calculator"], "stdio", NEWEST_SESSION, "calculate",
           {"expression": "6 * 7"}, "42"),
    Server("time", "mcp-server-time 2026.10.19", "Python SDK 2.3.0", ["py:sdk-2"],
           ["{sdk_2}/mcp-server-time"], "stdio", MODERN, **TIME_USE),
    Server("git", "mcp-server-git 2026.10.19", "Python SDK 2.3.0", ["py:sdk-2"],
           ["{sdk_2}/mcp-server-git"], "stdio", MODERN, "git_status", {"repo_path": "{work}"},
           "branch", prepare=[["git", "init", "-q", "{work}"]]),
    Server("fetch", "mcp-server-fetch 2026.10.24", "Python SDK 2.3.0", ["py:sdk-2"],
           ["{sdk_2}/mcp-server-fetch", "--ignore-robots-txt", "--allow-private-ips"], "stdio", MODERN, "fetch",
           {"url": "http://127.0.0.1:{port2}/page.html", "raw": True}, "a page of a test",
           files={"page.html": "<html><body><article><h1>Title</h1><p>It is a page of a "
                               "test.</p></article></body></html>"}, backend=FILES),
    Server("excel", "excel-mcp-server 2.2.2", "Python SDK 2.3.0", ["py:sdk-2"],
           ["{sdk_2}/excel-mcp-server", "stdio"], "stdio", MODERN, "create_workbook",
           {"path": "{work}/book.xlsx", "overwrite": True}, "book.xlsx"),
    Server("excel, http", "excel-mcp-server 2.2.2", "Python SDK 2.3.0", ["py:sdk-2"],
           ["{sdk_2}/excel-mcp-server", "streamable-http", "--host", "127.0.0.1", "--port",
            "{port1}"], "http", MODERN, "create_workbook",
           {"path": "book.xlsx", "overwrite": True}, "book.xlsx",
           settings={"EXCEL_FILES_PATH": "{work}"}),
    Server("word on FastMCP 2", "office-word-mcp-server 1.1.11", "FastMCP 2.14.7",
           ["py:fastmcp-2"], ["{fastmcp_2}/word_mcp_server"], "stdio", NEWEST_SESSION,
           "create_document", {"filename": "{work}/letter.docx"}, "letter.docx",
           settings={"FASTMCP_CHECK_FOR_UPDATES": "off"}),
    Server("motherduck", "mcp-server-motherduck 1.0.8", "FastMCP 3.4.11", ["py:fastmcp-3"],
           ["{fastmcp_3}/mcp-server-motherduck", "--db-path", ":memory:", "--read-write"],
           "stdio", NEWEST_SESSION, settings={"FASTMCP_CHECK_FOR_UPDATES": "off"},
           **DUCKDB_USE),
    Server("motherduck, http", "mcp-server-motherduck 1.0.8", "FastMCP 3.4.11",
           ["py:fastmcp-3"], ["{fastmcp_3}/mcp-server-motherduck", "--db-path", ":memory:",
                              "--read-write", "--transport", "http", "--port", "{port1}"],
           "http", NEWEST_SESSION, settings={"FASTMCP_CHECK_FOR_UPDATES": "off"},
           **DUCKDB_USE),
    Server("word on FastMCP 4", "office-word-mcp-server 1.1.11", "FastMCP 4.2.3",
           ["py:fastmcp-4"], ["{fastmcp_4}/word_mcp_server"], "stdio", MODERN,
           "create_document", {"filename": "{work}/letter.docx"}, "letter.docx",
           settings={"FASTMCP_CHECK_FOR_UPDATES": "off"}),

    # Programs that come in a package.
    Server("mcp-time", "mcp-time-linux-x64 0.4.0", "mcp-go 0.33.0", ALL,
           ["{npm}/mcp-time-linux-x64/bin/mcp-time"], "stdio", "2025-03-26",
           "convert_timezone", {"time": "2026-01-02T12:30:00Z", "output_timezone": "Asia/Tokyo"},
           "21:30"),
    Server("kubernetes, slow start", "kubernetes-mcp-server-linux-amd64 0.0.67", "Go SDK 1.8.0",
           ALL, KUBERNETES, "stdio", MODERN, slow=12, **KUBERNETES_USE),
    # Over HTTP it has sessions, and then no revision without them.
    Server("kubernetes, http", "kubernetes-mcp-server-linux-amd64 0.0.67", "Go SDK 1.8.0",
           ALL, [*KUBERNETES, "--port", "{port1}"], "http", NEWEST_SESSION, **KUBERNETES_USE),
    Server("kubernetes, http without sessions", "kubernetes-mcp-server-linux-amd64 0.0.67",
           "Go SDK 1.8.0", ALL, [*KUBERNETES, "--stateless", "--port", "{port1}"], "http",
           MODERN, **KUBERNETES_USE),
    Server("grafana, slow start", "mcp-grafana 2.1.1", "Go SDK 1.8.0", ["py:grafana"],
           GRAFANA, "stdio", MODERN, slow=11, **GRAFANA_USE),
    Server("grafana, http", "mcp-grafana 2.1.1", "Go SDK 1.8.0", ["py:grafana"],
           [*GRAFANA, "-t", "streamable-http", "-address", "127.0.0.1:{port1}"], "http", MODERN,
           **GRAFANA_USE),
    Server("grafana, sse", "mcp-grafana 2.1.1", "Go SDK 1.8.0", ["py:grafana"],
           [*GRAFANA, "-t", "sse", "-address", "127.0.0.1:{port1}"], "sse", NEWEST_SESSION,
           path="/sse", **GRAFANA_USE),
    Server("leanspec", "@leanspec/mcp-linux-x64 0.3.0", "Rust, without an SDK", ALL,
           ["{npm}/@leanspec/mcp-linux-x64/leanspec-mcp"], "stdio", "2024-11-05",
           "search_specs", {"query": "a test"}, "[", knows_ping=False,
           prepare=[["chmod", "+x", "{npm}/@leanspec/mcp-linux-x64/leanspec-mcp"]]),
    Server("azure", "@azure/mcp-linux-x64 2.0.5", "C# SDK", ALL,
           ["{npm}/@azure/mcp-linux-x64/dist/azmcp", "server", "start"], "stdio",
           NEWEST_SESSION, "get_azure_bestpractices", {"intent": "code", "learn": True},
           "bestpractices", settings={"AZURE_MCP_COLLECT_TELEMETRY": "false"}),
]
