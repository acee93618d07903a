import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { AlertSubjects, type Alert, type AlertList } from '#contracts/alerts';
import { ModelSubjects, type ModelsState } from '#contracts/models';
import { PresenceSubjects } from '#contracts/presence';
import { eventually } from '#testing/eventually';
import { startNats, type TestNats } from '#testing/nats';
import { startServiceProcess, type TestService } from '#testing/service-process';

const SECRET = 'a secret of the receiver';

/** Takes posts; the first is answered with 500, and what asks for it with a redirect. */
class Receiver {
  readonly got: { body: string; signature: string | undefined }[] = [];
  readonly followed: string[] = [];
  private readonly server: Server = createServer((request, response) => {
    void this.take(request).then((status) => response.writeHead(status, { location: '/elsewhere' }).end());
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/alerts`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  private async take(request: IncomingMessage): Promise<number> {
    if (request.url === '/elsewhere') this.followed.push(request.method ?? '');
    let body = '';
    for await (const part of request) body += String(part);
    this.got.push({ body, signature: request.headers['x-tandem-signature'] as string | undefined });
    return this.got.length === 1 ? 302 : 204;
  }
}

/** A mail server that takes everything (RFC 5321). */
class MailServer {
  readonly mails: string[] = [];
  private readonly server: TcpServer = createTcpServer((socket) => this.talk(socket));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
  }

  private talk(socket: Socket): void {
    let heard = '';
    let inMail = false;
    socket.on('error', () => undefined);
    socket.write('220 mail.test\r\n');
    socket.on('data', (bytes) => {
      heard += bytes.toString();
      for (let end = heard.indexOf('\r\n'); !inMail && end >= 0; end = heard.indexOf('\r\n')) {
        const line = heard.slice(0, end);
        heard = heard.slice(end + 2);
        inMail = line === 'DATA';
        socket.write(inMail ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
      }
      const end = heard.indexOf('\r\n.\r\n');
      if (!inMail || end < 0) return;
      this.mails.push(heard.slice(0, end));
      heard = heard.slice(end + 5);
      inMail = false;
      socket.write('250 taken\r\n');
    });
  }
}

describe('an alert', () => {
  let nats: TestNats;
  let connection: NatsConnection;
  let folder: string;
  let manager: TestService;
  const receiver = new Receiver();
  const mailServer = new MailServer();
  const heard: Alert[] = [];
  const states: ModelsState[] = [];

  beforeAll(async () => {
    nats = await startNats({ jetstream: true });
    connection = await connect({ servers: nats.url });
    connection.subscribe(AlertSubjects.changed, { callback: (_, message) => void heard.push(message.json()) });
    connection.subscribe(ModelSubjects.state, { callback: (_, message) => void states.push(message.json()) });
    folder = mkdtempSync(join(tmpdir(), 'tandem-alerts-'));
    manager = await startServiceProcess('model-manager', {
      NATS_URL: nats.url,
      ENGINE_DRIVER: 'simulator',
      ENGINE_STATE_DIR: folder,
      VLLM_SIM_LOAD_SECONDS: '0.1',
      VLLM_SIM_FAULT: 'oom-load',
      ALERT_WINDOW_MS: '1000',
      ALERT_WEBHOOK_URL: await receiver.listen(),
      ALERT_WEBHOOK_SECRET: SECRET,
      SMTP_URL: await mailServer.listen(),
      ALERT_EMAIL_TO: 'operator@example.com, second@example.com',
      ALERT_EMAIL_FROM: 'tandem@example.com',
    });
  });
  afterAll(async () => {
    await manager.end();
    await connection.close();
    await nats.stop();
    receiver.close();
    mailServer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const list = async (): Promise<AlertList> => {
    const answer = await connection.request(AlertSubjects.list, JSON.stringify({ id: '1', data: {} }));
    return answer.json<{ response: AlertList }>().response;
  };
  const metrics = async (): Promise<string> => (await fetch(`${manager.url}/metrics`)).text();
  /** Of this engine alone: the fallback of its profile, which is tried too, has alerts of its own. */
  const begun = (): Alert[] =>
    heard.filter(
      ({ kind, engine, endedAt }) => kind === 'cuda_out_of_memory' && engine === 'vllm-0' && endedAt === null,
    );
  const oom = () => eventually(() => heard.find(({ kind }) => kind === 'cuda_out_of_memory'), { timeoutMs: 60_000 });

  it('begins with the first CUDA out of memory in the log of an engine, and everybody hears of it', async () => {
    const alert = await oom();
    expect(alert).toMatchObject({
      engine: 'vllm-0',
      threshold: 1,
      endedAt: null,
      message: expect.stringMatching(/^vllm-0: \d+ times CUDA out of memory .*Lower maxModelLen/) as string,
    });
    expect((await list()).items.map(({ id }) => id)).toContain(alert.id);
    await eventually(() => states.some(({ alerts = [] }) => alerts.some(({ id }) => id === alert.id)));
    // The fallback of the profile may have had its own by now.
    expect(await metrics()).toMatch(/tandem_alerts_total\{kind="cuda_out_of_memory"\} [1-9]/);
  });

  it('ends when no more come, and does not begin anew within its cool-down although the engine fails on', async () => {
    const { id } = await oom();
    await eventually(() => heard.find((alert) => alert.id === id && alert.endedAt !== null), { timeoutMs: 60_000 });
    await eventually(
      async () => Number(/tandem_engine_failures_total\{[^}]*\} (\d+)/.exec(await metrics())?.[1]) >= 4,
      { timeoutMs: 60_000 },
    );
    expect(begun()).toHaveLength(1);
    expect((await list()).items.find((alert) => alert.id === id)?.endedAt).not.toBeNull();
  });

  it('is posted, signed, again when it was not taken, and never to where a redirect leads', async () => {
    const { id } = await oom();
    const began = await eventually(
      () => receiver.got.slice(1).find(({ body }) => (JSON.parse(body) as { alert: Alert }).alert.id === id),
      { timeoutMs: 60_000 },
    );
    expect(JSON.parse(began.body)).toMatchObject({ event: 'alert.began', alert: { id } });
    const [, time, digest] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(began.signature ?? '') ?? [];
    expect(digest).toBe(
      createHmac('sha256', SECRET)
        .update(`${String(time)}.${began.body}`)
        .digest('hex'),
    );
    expect(receiver.followed).toEqual([]);
    expect(receiver.got[0]?.body).toBe(began.body);
  });

  it('is mailed to all receivers', async () => {
    const mail = await eventually(() => mailServer.mails.find((text) => text.includes('CUDA out of memory')), {
      timeoutMs: 60_000,
    });
    expect(mail).toMatch(/^Subject: \[Tandem\] CUDA out of memory \(vllm-0\)/m);
    expect(mail).toMatch(/^To: operator@example.com, second@example.com/m);
  });

  it('begins when chat-services tell of the fifth timeout', async () => {
    const beat = (timeouts: number) =>
      connection.publish(PresenceSubjects.chat, JSON.stringify({ instanceId: 'chat-x', inFlight: 0, timeouts }));
    beat(100); // before anybody here listened
    beat(104);
    beat(105);
    const alert = await eventually(() => heard.find(({ kind }) => kind === 'request_timeouts'));
    expect(alert).toMatchObject({ engine: null, count: 5, threshold: 5 });
  });

  it('is known after a kill -9 of model-manager, and keeps to its cool-down although the engine fails on', async () => {
    const before = await list();
    await manager.kill();
    heard.length = 0;
    await manager.start();
    const known = await eventually(async () => {
      const { items } = await list().catch(() => ({ items: [] }));
      return items.length >= before.items.length ? items : undefined;
    });
    expect(known.map(({ id }) => id)).toEqual(expect.arrayContaining(before.items.map(({ id }) => id)));
    await eventually(async () => /tandem_engine_log_warnings_total\{[^}]*cuda_out_of_memory/.test(await metrics()));
    expect(begun()).toEqual([]);
  });
});
