// mcp-handler, which is on the second major of the TypeScript SDK.

import { createMcpHandler } from 'mcp-handler';
import { z } from 'zod';
import { serve } from './serve.mjs';

serve(createMcpHandler((server) => {
  server.registerTool('add', {
    description: 'Adds two numbers.',
    inputSchema: z.object({ a: z.number(), b: z.number() }),
  }, async ({ a, b }) => ({ content: [{ type: 'text', text: `${a} + ${b} = ${a + b}` }] }));
}, { serverInfo: { name: 'handler', version: '1.0.0' } }));
