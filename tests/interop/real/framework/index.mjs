// mcp-framework, which finds its tools by their folder:
// index.mjs stdio|sse|http-stream

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MCPServer } from 'mcp-framework';

const type = process.argv[2];
const options = { port: Number(process.env.PORT), host: '127.0.0.1' };
if (type !== 'stdio') {
  process.stdin.on('end', () => process.exit(0)).resume();
}
await new MCPServer({
  name: 'framework',
  version: '1.0.0',
  basePath: dirname(fileURLToPath(import.meta.url)),
  transport: type === 'stdio' ? { type } : { type, options },
}).start();
