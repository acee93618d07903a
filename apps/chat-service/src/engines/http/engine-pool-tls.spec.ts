import type { AddressInfo } from 'node:net';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { EnginePool } from './engine-pool';

/** For `localhost`, signed by itself; known to nobody but this file. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUU6NgtYeMLNQBCB8JyKBwJSW+PF4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEyMTMzNloYDzIxMjYxMDI4
MTIxMzM2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARoQu4GB+xw+cby8LowRDLVY76K2EoeFBPWHJlD0Hx5V5ppiN6hE+mb
pWTOwMZNv7hvBxjwgWsjxTQRIZJQY7J9o2kwZzAdBgNVHQ4EFgQUA7k9OeBRBGEf
9bVONplGSogD7UUwHwYDVR0jBBgwFoAUA7k9OeBRBGEf9bVONplGSogD7UUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAIcAPQ75rG+DMIwDmV5nMh8HDWr+73V1yeYoe6quS9GSAiEAlZs/d5vP
sN6w8+mHfrJQSmCMJqIFBWO4eibxI0kUaNA=
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghcNJtyDxIqZNpdex
L5RLMCWH6fDW8WTpAfM8o+dpL4WhRANCAARoQu4GB+xw+cby8LowRDLVY76K2Eoe
FBPWHJlD0Hx5V5ppiN6hE+mbpWTOwMZNv7hvBxjwgWsjxTQRIZJQY7J9
-----END PRIVATE KEY-----
`;

const REQUEST = Buffer.from('POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

function ask(pool: EnginePool): Promise<string> {
  return new Promise((resolve) => {
    let body = '';
    pool.send(REQUEST, {
      onHead: () => undefined,
      onBody: (bytes, start, end) => (body += bytes.toString('utf8', start, end)),
      onComplete: () => resolve(body),
      onFailure: (error) => resolve(`failed: ${error.message}`),
    });
  });
}

it('a server behind https is asked once its certificate is trusted, over connections that are kept', async () => {
  let connections = 0;
  const server = createServer({ cert: CERTIFICATE, key: KEY }, (socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', () => socket.write(OK));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const pool = new EnginePool(`https://localhost:${port}/v1`);
  const known = getCACertificates('default');
  try {
    expect(await ask(pool)).toMatch(/^failed: .*self-signed certificate/);
    setDefaultCACertificates([...known, CERTIFICATE]);
    expect(await ask(pool)).toBe('ok');
    expect(await ask(pool)).toBe('ok');
    expect(connections).toBe(1);
  } finally {
    setDefaultCACertificates(known);
    pool.close();
    server.close();
  }
});
