import { createSocket } from 'node:dgram';
import { freePort } from './free-port';

it('a free port is reserved before its server listens: who else looks for one finds its sign', async () => {
  const port = await freePort();
  const other = createSocket('udp4');
  const refused = new Promise<NodeJS.ErrnoException>((resolve) => other.once('error', resolve));
  other.bind({ port, address: '127.0.0.1', exclusive: true });
  expect((await refused).code).toBe('EADDRINUSE');
  other.close();
});
