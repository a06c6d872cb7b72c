// A stock OpenID provider for the suite `oauth`: oidc-provider, with its own
// pages for the sign-in.
//
//     node provider.mjs LOGFILE KEYFILE RESOURCES
//
// RESOURCES is JSON: the address of each MCP server, with the seconds that
// its tokens live.  The first line on standard output is its port.  The
// private key of the client "service-key" goes to KEYFILE.  LOGFILE gets a
// line of JSON for each request.  The end of standard input ends it.

import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The packages are not beside this file.
const require = createRequire(`${process.env.INTEROP_PACKAGES}/`);
const { default: Provider, errors } = await import(
  pathToFileURL(require.resolve('oidc-provider')));

const [log, keyFile, resources] = process.argv.slice(2);
const lives = JSON.parse(resources);

const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
const service = generateKeyPairSync('ec', { namedCurve: 'P-256' });
writeFileSync(keyFile, service.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });

const configuration = {
  clients: [
    {
      client_id: 'service-secret',
      client_secret: 'a secret: + and %',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    {
      client_id: 'service-key',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [service.publicKey.export({ format: 'jwk' })] },
    },
  ],
  clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
  cookies: { keys: ['of this run alone'] },
  enabledJWA: { dPoPSigningAlgValues: ['ES256'] },
  features: {
    clientCredentials: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => true },
    registration: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo(_, resource) {
        if (!(resource in lives)) {
          throw new errors.InvalidTarget();
        }
        return {
          scope: 'read write',
          accessTokenTTL: lives[resource],
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        };
      },
      useGrantedResource: () => true,
    },
    revocation: { enabled: true },
  },
  jwks: { keys: [{ ...signing.privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'one' }] },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  scopes: ['openid', 'offline_access'],
  ttl: { Grant: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
};

// The address is known only when it listens.
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, configuration);
  provider.use(async (context, next) => {
    await next();
    const form = { ...context.oidc?.body, ...context.oidc?.params };
    appendFileSync(log, `${JSON.stringify({
      method: context.method,
      path: context.path,
      status: context.status,
      form,
      basic: (context.headers.authorization ?? '').startsWith('Basic '),
      dpop: 'dpop' in context.headers,
      nonce: 'dpop-nonce' in context.response.headers,
      error: context.body?.error ?? null,
      why: context.body?.error_description ?? null,
    })}\n`);
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ oidc: port }));
});
process.stdin.on('end', () => process.exit(0)).resume();
