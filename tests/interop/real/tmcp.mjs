// tmcp, which has an implementation of the protocol that is not an SDK's:
// tmcp.mjs stdio|http

import { ZodJsonSchemaAdapter } from '@tmcp/adapter-zod';
import { HttpTransport } from '@tmcp/transport-http';
import { StdioTransport } from '@tmcp/transport-stdio';
import { McpServer } from 'tmcp';
import { z } from 'zod';
import { serve } from './serve.mjs';

const server = new McpServer(
  { name: 'tmcp', version: '1.0.0', description: 'A server of tmcp.' },
  { adapter: new ZodJsonSchemaAdapter(), capabilities: { tools: { listChanged: true } } },
);
server.tool({
  name: 'add',
  description: 'Adds two numbers.',
  schema: z.object({ a: z.number(), b: z.number() }),
}, ({ a, b }) => ({ content: [{ type: 'text', text: `${a} + ${b} = ${a + b}` }] }));

if (process.argv[2] === 'stdio') {
  new StdioTransport(server).listen();
} else {
  const transport = new HttpTransport(server);
  serve((request) => transport.respond(request));
}
