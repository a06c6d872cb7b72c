// fastmcp for TypeScript: fastmcp.mjs stdio|http. It serves /mcp and /sse.

import { FastMCP } from 'fastmcp';
import { z } from 'zod';

const server = new FastMCP({ name: 'fastmcp-ts', version: '1.0.0' });
server.addTool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => `${a} + ${b} = ${a + b}`,
});
if (process.argv[2] === 'stdio') {
  server.start({ transportType: 'stdio' });
} else {
  process.stdin.on('end', () => process.exit(0)).resume();
  server.start({
    transportType: 'httpStream',
    httpStream: { host: '127.0.0.1', port: Number(process.env.PORT) },
  });
}
