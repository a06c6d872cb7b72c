// The client of the official TypeScript SDK as the host of `mcpclient proxy`:
// proxy_sdk.mjs FOLDER COMMAND [ARGUMENT ...]. FOLDER has the SDK. Prints one
// JSON object: what came of each call.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, command, ...args] = process.argv.slice(2);
const require = createRequire(folder + "/package.json");
const load = (name) =>
    import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + name)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const types = await load("types.js");

const found = { progress: [], events: [], logs: [] };
const client = new Client({ name: "host", version: "1" }, {
    capabilities: { elicitation: { form: {} }, sampling: {}, roots: {} } });
client.setRequestHandler(types.ElicitRequestSchema, (request) => {
    found.question = request.params.message;
    const everything = { name: "Ada", age: 36, colour: "blue", tall: true };
    const content = {};
    for (const name of Object.keys(request.params.requestedSchema.properties))
        content[name] = everything[name];
    return { action: "accept", content };
});
client.setRequestHandler(types.CreateMessageRequestSchema, (request) => {
    const content = request.params.messages[0].content;
    found.thought = content.text ?? content[0].text;
    return { role: "assistant", model: "m", content: { type: "text", text: "an idea" } };
});
client.setRequestHandler(types.ListRootsRequestSchema, () =>
    ({ roots: [{ uri: "file:///work" }] }));
client.fallbackNotificationHandler = async (notification) => {
    if (notification.method === "notifications/message")
        found.logs.push(notification.params.data.msg ?? notification.params.data);
    else
        found.events.push(notification.method);
};

async function note(name, call) {
    try {
        found[name] = await call();
    } catch (error) {
        found[name] = `${error.name}: ${error.message}`;
    }
}

async function text(name, options, parameters = {}) {
    const result = await client.callTool({ name, arguments: parameters }, undefined, options);
    return (result.isError ? "error: " : "") + result.content[0].text;
}

await client.connect(new StdioClientTransport({
    command, args, env: { MCPCLIENT_TOKEN: process.env.MCPCLIENT_TOKEN ?? "" } }));
found.server = client.getServerVersion().name;
await note("add", () => text("add", {}, { a: 2, b: 3 }));
await note("fail", () => text("fail", {}));
await note("unknown", () => client.getPrompt({ name: "none" }));
await note("read", async () =>
    (await client.readResource({ uri: "data://text" })).contents[0].text);
// It drops progress that arrives with the result: the tool ends when it was seen.
const seen = mkdtempSync(tmpdir() + "/proxy-") + "/seen";
await note("count", () => text("count", { onprogress: (one) => {
    if (found.progress.push([one.progress, one.total, one.message]) === 3)
        writeFileSync(seen, "");
} }, { to: 3, pause: 0, until: seen }));
rmSync(dirname(seen), { recursive: true });
await note("many", () => Promise.all([...Array(8).keys()].map((number) =>
    text("count", {}, { to: 2, pause: 0.01 * (9 - number) }))));
await note("talk", () => text("talk", {}));
for (const name of ["ask", "think", "roots", "guarded", "grow"])
    await note(name, () => text(name, {}));
const abort = new AbortController();
await note("aborted", () => text("count", {
    signal: abort.signal, onprogress: () => abort.abort("enough") }, { to: 400, pause: 0.1 }));
await note("cancelled", () => text("add", {}, { a: 1, b: 1 }));
// Notifications may arrive after the responses.
for (let i = 0; i < 600; i++) {
    if (found.logs.length >= 2 && found.events.some((event) => event.includes("list_changed")))
        break;
    await new Promise((done) => setTimeout(done, 50));
}
await client.close();
found.ended = true;
console.log(JSON.stringify(found));
