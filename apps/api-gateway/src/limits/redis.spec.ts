import 'reflect-metadata';
import { freePort } from '#common/servers/free-port';
import { eventually } from '#testing/eventually';
import { redisServer, startRedis } from '#testing/redis';
import { Redis } from 'ioredis';
import { ADMIN_KEY, startGateway } from '../testing/running-gateway';
import { RequestCounts } from './request-counts';

const connect = (port: number): Redis => {
  const client = new Redis(port, '127.0.0.1', { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined); // away for a while, by intent
  return client;
};
const ready = (client: Redis): Promise<boolean> => eventually(() => client.status === 'ready');

(redisServer === undefined ? describe.skip : describe)('limits in Redis', () => {
  it('count for all gateways together, and for each alone while Redis is away', async () => {
    const redis = await startRedis();
    const clients = [connect(redis.port), connect(redis.port)] as const;
    await Promise.all(clients.map(ready));
    const [one, two] = [new RequestCounts(clients[0]), new RequestCounts(clients[1])];
    for (let hit = 1; hit <= 6; hit++) {
      const counted = await (hit % 2 === 0 ? one : two).increment('key:1', 60_000, 5);
      expect(counted).toMatchObject({ totalHits: hit, isBlocked: hit > 5 });
      expect(counted.timeToExpire).toBeLessThanOrEqual(60_000);
    }
    await redis.kill();
    await eventually(() => clients[0].status !== 'ready');
    expect(await one.increment('key:1', 60_000, 5)).toMatchObject({ totalHits: 1, isBlocked: false });
    await redis.restart();
    await ready(clients[0]);
    expect(await one.increment('key:1', 60_000, 5)).toMatchObject({ totalHits: 1 });
    for (const client of clients) client.disconnect();
    await redis.stop();
  });
});

it('a gateway whose Redis is not there serves, and counts in its own memory', async () => {
  const gateway = await startGateway({ REDIS_URL: `redis://127.0.0.1:${await freePort()}`, REQUESTS_PER_MINUTE: '2' });
  const statuses: number[] = [];
  for (let times = 0; times < 3; times++) statuses.push((await gateway.send('/v1/models', { as: ADMIN_KEY })).status);
  expect(statuses).toEqual([200, 200, 429]);
  await gateway.stop();
});
