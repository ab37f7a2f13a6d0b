// An OpenID provider for tests: oidc-provider on a free port of this machine,
// with people who have passwords, a form to log in and no question of consent.
//   node provider.mjs --client ID --secret SECRET --redirect ADDRESS
// It says where it is in one line, {"issuer": …}, and ends with its standard input.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import Provider from 'oidc-provider';

const { values } = parseArgs({ options: { client: { type: 'string' }, secret: { type: 'string' }, redirect: { type: 'string' } } });
const people = {
  maeve: { sub: '00u1', password: 'maeves password there', email: 'maeve@example.org', email_verified: true, name: 'Maeve Doyle' },
  aoife: { sub: '00u2', password: 'aoifes password there', email: 'aoife@example.org', email_verified: false, name: 'Aoife Kelly' },
};

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: values.client, client_secret: values.secret, redirect_uris: [values.redirect], response_types: ['code'], grant_types: ['authorization_code'] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  cookies: { keys: ['of a test'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => {
    const who = Object.values(people).find((p) => p.sub === id);
    return who && { accountId: id, claims: () => ({ sub: id, email: who.email, email_verified: who.email_verified, name: who.name }) };
  },
  async loadExistingGrant(ctx) { // nobody is asked whether this client may know them
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

const form = (problem) => `<!doctype html><html lang="en"><title>Log in</title><main><h1>The organisation's login</h1><p>${problem}</p>
<form method="post"><label>Name <input name="login"></label> <label>Password <input name="password" type="password"></label> <button>Log in</button></form></main></html>`;

const oidc = provider.callback();
server.on('request', async (req, res) => {
  if (!req.url.startsWith('/interaction/')) return oidc(req, res);
  try {
    await provider.interactionDetails(req, res);
    let problem = '';
    if (req.method === 'POST') {
      let body = '';
      for await (const part of req) body += part;
      const typed = new URLSearchParams(body);
      const who = people[typed.get('login')];
      if (who && who.password === typed.get('password')) return await provider.interactionFinished(req, res, { login: { accountId: who.sub } });
      problem = 'The name or the password is wrong.';
    }
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(form(problem));
  } catch (err) {
    res.writeHead(500).end(String(err));
  }
});
console.log(JSON.stringify({ issuer }));
process.stdin.on('end', () => process.exit(0)).resume();
