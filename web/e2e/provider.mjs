// A certified OpenID provider (panva's oidc-provider) with pages to sign in of its own; says its address once it listens. Who
// signs in as `reader` is one; anybody else is known and has no role. Argument: our address, as browsers know it.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [ours] = process.argv.slice(2);
const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'skiagraph', token_endpoint_auth_method: 'none', redirect_uris: [`${ours}/sign-in/done`] }],
    pkce: { required: () => true },
    // Told beside the ID token, as many providers do.
    claims: { openid: ['sub'], profile: ['roles'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, roles: id === 'reader' ? ['skiagraph-reader'] : [] }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
