/*
 * Loaded before the stock everything server, which stays as it is: keeps it
 * on the loopback address, ends it with its stdin, and writes one JSON line
 * per exchange to the file named by INTEROP_LOG, before the answer's head
 * leaves.
 */
"use strict";

const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");

process.stdin.on("end", () => process.exit(0)).resume();

const log = fs.openSync(process.env.INTEROP_LOG, "a");

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const done = rest.find((value) => typeof value === "function");
  return listen.call(this, { port: Number(port), host: "127.0.0.1" }, done);
};

const emit = http.Server.prototype.emit;
http.Server.prototype.emit = function (event, request, response) {
  if (event === "request") {
    const body = [];
    const push = request.push;
    request.push = function (chunk, encoding) {
      if (chunk) {
        body.push(Buffer.from(chunk, encoding));
      }
      return push.call(this, chunk, encoding);
    };
    const writeHead = response.writeHead;
    response.writeHead = function (status, ...rest) {
      let rpc = null;
      try {
        rpc = JSON.parse(Buffer.concat(body).toString()).method ?? null;
      } catch {
        // No JSON, no method: the status tells enough.
      }
      fs.writeSync(log, JSON.stringify({
        variant: "everything",
        agent: request.headers["user-agent"] ?? "",
        method: request.method,
        path: request.url.split("?")[0],
        rpc,
        status,
        peer: request.socket.remotePort,
        bearer: "authorization" in request.headers,
        key: "x-api-key" in request.headers,
        session: "mcp-session-id" in request.headers,
      }) + "\n");
      return writeHead.call(this, status, ...rest);
    };
  }
  return emit.apply(this, arguments);
};
