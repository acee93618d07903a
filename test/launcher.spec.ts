import { execFile, type ExecFileException } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { processStartTime } from '#common/servers/process-identity';
import { processStat } from '#common/servers/process-stat';
import { eventually } from '#testing/eventually';
import { readSse } from '#testing/read-sse';
import { startTandem, type TestTandem } from '#testing/tandem';

const ROOT = join(__dirname, '..');

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs ./start, ./stop or ./status as a user does. */
function command(name: string, home: string, args: string[] = [], env: Record<string, string> = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, NODE_OPTIONS: '', ...env, TANDEM_HOME: home } };
    execFile(join(ROOT, name), args, options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1) ?? '');

/** Slow enough for a stream to be alive while the system stops. */
const SLOW = { VLLM_SIM_TOKENS_PER_SECOND: '20' };

const SERVICES = ['api-gateway', 'chat-service', 'model-manager', 'nats-server', 'postgres', 'usage-service'];

/** Everything on this machine that carries the mark of that home. */
function processesOf(home: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        // Postgres is known by its command line: it writes over its environment.
        const words = readFileSync(`/proc/${pid}/environ`, 'utf8') + readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.includes(`LAUNCHED_BY_TANDEM=${home}`) || words.includes(`tandem.home=${home}`);
      } catch {
        return false; // ended while we looked
      }
    });
}

function serviceOf(pid: string): string | undefined {
  const entry = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .find((candidate) => candidate.startsWith('TANDEM_SERVICE='));
  return entry?.split('=')[1];
}

/** sched(7) */
const [SCHED_OTHER, SCHED_BATCH] = [0, 3];

describe('./start, ./status and ./stop', () => {
  let tandem: TestTandem;
  const pids = async (): Promise<Map<string, number | null>> =>
    new Map([...(await tandem.processes())].map(([name, { pid }]) => [name, pid]));
  /** Waits until all is well and more holds. Each look is a process of its own: a few a second are enough. */
  const whenHealthy = (more: (pids: Map<string, number | null>) => boolean = () => true) =>
    eventually(
      async () => {
        const processes = await tandem.processes();
        const seen = new Map([...processes].map(([name, { pid }]) => [name, pid]));
        return [...processes.values()].every(({ health }) => health === 'ready') && more(seen) ? seen : null;
      },
      { timeoutMs: 60_000, everyMs: 300 },
    );

  beforeAll(async () => {
    tandem = await startTandem({ env: SLOW });
  });

  afterAll(async () => {
    await tandem.stop();
  });

  it('names every process, the engine and its health', async () => {
    const { code, stdout } = await command('status', tandem.home, ['--json']);
    const status = lastLine(stdout) as { state: string; processes: { name: string; health: string }[] };
    expect(code).toBe(0);
    expect(status.state).toBe('healthy');
    const names = status.processes.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(SERVICES));
    expect(names.filter((name) => name.startsWith('engine:'))).toHaveLength(1);
    expect(new Set(status.processes.map(({ health }) => health))).toEqual(new Set(['ready']));
  });

  it('gives the credentials once: a second start changes nothing and shows none', async () => {
    const before = await pids();
    expect(tandem.apiKey).toMatch(/^sk-/);
    const again = await command('start', tandem.home, ['--json']);
    expect(again.code).toBe(0);
    expect(lastLine(again.stdout)).toEqual({
      url: tandem.url,
      home: tandem.home,
      engine: 'simulator',
      model: expect.any(String) as string,
    });
    expect(await pids()).toEqual(before);
  });

  it('has services finish what they have at hand, and leaves to the engine how it is scheduled', async () => {
    const policies = [...(await pids())].map(([name, pid]) => [
      name.replace(/^engine:.*/, 'engine'),
      processStat(pid!)?.policy,
    ]);
    expect(Object.fromEntries(policies)).toEqual({
      ...Object.fromEntries(SERVICES.map((name) => [name, SCHED_BATCH])),
      'model-manager': SCHED_OTHER,
      engine: SCHED_OTHER,
    });
  });

  it('refuses other options while it runs', async () => {
    const { code, stderr } = await command('start', tandem.home, ['--engine-url', 'http://127.0.0.1:1']);
    expect(code).toBe(1);
    expect(stderr).toContain('Tandem already runs with --engine simulator; ./stop it first to change that');
  });

  it('gives each service a database role that sees its own schema only', async () => {
    const processes = await tandem.processes();
    const secrets = JSON.parse(readFileSync(join(tandem.home, 'secrets.json'), 'utf8')) as Record<string, string>;
    const client = new Client({
      host: '127.0.0.1',
      port: processes.get('postgres')?.port ?? 0,
      user: 'tandem_usage',
      password: secrets['usageDatabasePassword']!,
      database: 'tandem',
    });
    await client.connect();
    await expect(client.query('SELECT * FROM gateway.users')).rejects.toThrow('permission denied for schema gateway');
    await expect(client.query('CREATE TABLE public.t (a int)')).rejects.toThrow('permission denied for schema public');
    await expect(client.query('CREATE SCHEMA s')).rejects.toThrow('permission denied for database tandem');
    await client.end();
  });

  it.each(SERVICES)('%s comes back after a kill -9, and the others and the engine are left alone', async (name) => {
    const before = await whenHealthy();
    const killed = before.get(name)!;
    process.kill(killed, 'SIGKILL');
    const after = await whenHealthy((now) => now.get(name) !== killed);
    before.delete(name);
    after.delete(name);
    expect(after).toEqual(before);
  });

  it('takes over what runs when the supervisor was killed, and starts nothing twice', async () => {
    const before = await whenHealthy();
    const state = JSON.parse(readFileSync(join(tandem.home, 'run', 'state.json'), 'utf8')) as {
      supervisor: { pid: number };
    };
    process.kill(state.supervisor.pid, 'SIGKILL');
    await eventually(() => processStartTime(state.supervisor.pid) === null);
    const degraded = await command('status', tandem.home);
    expect(degraded.code).toBe(1);
    expect(degraded.stdout).toContain('the supervisor is gone');
    const starts = await Promise.all([command('start', tandem.home), command('start', tandem.home)]);
    expect(starts.map(({ code }) => code)).toEqual([0, 0]);
    expect(await pids()).toEqual(before);
  });

  it('ends and starts again even when its record of what runs is lost', async () => {
    const engine = [...(await pids())].find(([name]) => name.startsWith('engine:'));
    rmSync(join(tandem.home, 'run', 'state.json'));
    const started = await command('start', tandem.home, ['--engine', 'simulator', '--port', '0'], SLOW);
    expect(started).toMatchObject({ code: 0 });
    const names = processesOf(tandem.home).map((pid) => serviceOf(pid));
    for (const name of ['supervisor', 'api-gateway', 'model-manager']) {
      expect(names.filter((candidate) => candidate === name)).toHaveLength(1);
    }
    expect([...(await pids())]).toContainEqual(engine);
    // The gateway may have another port now.
    const { url } = lastLine((await command('start', tandem.home, ['--json'])).stdout) as { url: string };
    tandem = { ...tandem, url };
  });

  it('lets a running stream end before it stops, leaves no process behind, and keeps its data', async () => {
    const response = await fetch(`${tandem.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tandem.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'default',
        stream: true,
        max_tokens: 30,
        ignore_eos: true,
        messages: [{ role: 'user', content: 'Count.' }],
      }),
    });
    const stream = readSse(response);
    await stream.next();
    const stopping = command('stop', tandem.home);
    const rest: string[] = [];
    for await (const item of stream) if (item.kind === 'event') rest.push(item.event.data);
    expect(rest.at(-1)).toBe('[DONE]');
    expect((await stopping).code).toBe(0);
    expect(processesOf(tandem.home)).toEqual([]);
    expect((await command('status', tandem.home, ['--json'])).code).toBe(3);
    expect((await command('stop', tandem.home)).code).toBe(0);

    const again = await command('start', tandem.home, ['--engine', 'simulator', '--port', '0', '--json']);
    const { url } = lastLine(again.stdout) as { url: string };
    expect(lastLine(again.stdout)).not.toHaveProperty('apiKey');
    const models = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${tandem.apiKey}` } });
    expect(models.status).toBe(200);
  });
});

describe('a start that cannot be', () => {
  let home: string;
  let occupant: Server;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tandem-home-'));
    occupant = createServer();
  });

  afterEach(async () => {
    await command('stop', home);
    expect(processesOf(home)).toEqual([]);
    rmSync(home, { recursive: true, force: true });
    occupant.close();
  });

  it('names who has the port', async () => {
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as AddressInfo;
    const { code, stderr } = await command('start', home, ['--port', String(port)]);
    expect(code).toBe(1);
    expect(stderr).toContain(`port ${port} is taken by`);
    expect(stderr).toContain(`(pid ${process.pid})`);
  });

  it('tells the words of an engine that fails to load, and where its log is', async () => {
    const { code, stderr } = await command('start', home, ['--engine', 'simulator', '--port', '0'], {
      VLLM_SIM_FAULT: 'oom-load',
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/CUDA out of memory.*engines\/vllm-0\.log/);
    expect(processesOf(home)).toEqual([]);
  });

  it.each([
    [{ DATABASE_URL: 'postgres://u:p@127.0.0.1:1/db' }, 'DATABASE_URL: nobody answers at 127.0.0.1:1'],
    [{ NATS_URL: 'nats://127.0.0.1:1' }, 'NATS_URL: nobody answers at 127.0.0.1:1'],
    [{ JWT_SECRET: 'short' }, 'JWT_SECRET: must be 32 characters or more'],
  ])('gives the one reason for %j', async (env: Record<string, string>, reason) => {
    const { code, stderr } = await command('start', home, ['--engine', 'simulator', '--port', '0'], env);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  });
});
