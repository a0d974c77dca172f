// An OpenID Connect provider for the tests, and for trying things out: `oidc-provider` with three people and no database.
//
//     node tests/rigs/oidc/provider.mjs CALLBACK [PORT]
//
// CALLBACK is where it may send browsers back to: http://HOST/api/v1/session/oidc/callback. It prints its address, and ends when its
// standard input does, so that it never outlives a test. Its keys are new at every start. `scripts/prepare test` installs what it
// needs into a cache, outside the checkout.
//
// Clients: `paramo` with the secret `not-a-secret`, and `paramo-public` with none. People: ada, who is in the groups lab and admins;
// ben, in lab; cleo, in none. Any password will do.

import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [callback, wanted] = process.argv.slice(2);
if (!callback) {
  console.error('usage: provider.mjs CALLBACK [PORT]');
  process.exit(2);
}

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const library = join(cache, 'paramo/oidc-rig/node_modules/oidc-provider/lib/index.js');
const { default: Provider } = await import(pathToFileURL(library)).catch((error) => {
  console.error(`${library} does not load (${error.message}); run scripts/prepare test`);
  process.exit(1);
});

const people = {
  ada: { name: 'Ada Lovelace', email: 'ada@lab.example', groups: ['lab', 'admins'] },
  ben: { name: 'Ben Nevis', email: 'ben@lab.example', groups: ['lab'] },
  cleo: { name: 'Cleo', email: 'cleo@lab.example', groups: [] },
};

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const client = { redirect_uris: [callback], grant_types: ['authorization_code'], response_types: ['code'] };

const server = createServer();
await new Promise((listening) => server.listen(Number(wanted ?? 0), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'paramo', client_secret: 'not-a-secret' },
    { ...client, client_id: 'paramo-public', token_endpoint_auth_method: 'none' },
  ],
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups'],
  findAccount: (_, id) =>
    people[id] && {
      accountId: id,
      claims: () => ({ sub: `subject-${id}`, preferred_username: id, ...people[id] }),
    },
  pkce: { methods: ['S256'], required: () => true },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  jwks: { keys: [{ ...key, use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') }] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
});
server.on('request', provider.callback());

console.log(issuer);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
