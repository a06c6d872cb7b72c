// Serves a function of web requests, as the frameworks for edge hosts have it,
// on the loopback address: PORT tells where. The end of standard input ends it.

import { createServer } from 'node:http';
import { Readable } from 'node:stream';

export function serve(respond) {
  process.stdin.on('end', () => process.exit(0)).resume();
  createServer(async (request, response) => {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answer = await respond(new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method,
      headers: Object.entries(request.headers),
      body: ['GET', 'HEAD'].includes(request.method) ? undefined : Readable.toWeb(request),
      duplex: 'half',
      signal: gone.signal,
    })) ?? new Response(null, { status: 404 });
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body === null) {
      response.end();
    } else {
      Readable.fromWeb(answer.body).on('error', () => response.destroy()).pipe(response);
    }
  }).listen(Number(process.env.PORT), '127.0.0.1');
}
