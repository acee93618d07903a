import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { postgresTakesSessions } from '#common/servers/probe';
import { eventually } from '#testing/eventually';
import { startServiceProcess, type TestService } from '#testing/service-process';
import { parseMetrics } from '#testing/simulator';
import type { SystemEngine } from '#testing/system';
import { startTandem, type TestTandem } from '#testing/tandem';
import { openSecrets } from '../../tools/launcher/src/secrets';
import { HOME_MARK, SERVICE_MARK } from '../../tools/launcher/src/service-spec';
import { readState, type ServiceState } from '../../tools/launcher/src/state';
import type { Credential } from './clients';
import type { Fault } from './fault';
import { TOKENS_PER_SECOND } from './judge';

export type ProcessName =
  'api-gateway' | 'chat-service' | 'model-manager' | 'usage-service' | 'nats-server' | 'postgres';

/** What can run twice on one machine. */
export type Twin = 'api-gateway' | 'chat-service' | 'usage-service';

const READY_TIMEOUT_MS = 60_000;

/** A whole Tandem as ./start runs it, supervised, with ways to do it harm and to look inside. */
export class Stage {
  private constructor(
    readonly tandem: TestTandem,
    /** Base URLs; the first is that of ./start. */
    readonly gateways: readonly string[],
    private readonly twins: readonly TestService[],
    readonly databaseUrl: string,
    private readonly natsUrl: string,
  ) {}

  static async open(fault: Fault): Promise<Stage> {
    const tandem = await startTandem({
      env: {
        VLLM_SIM_TOKENS_PER_SECOND: String(TOKENS_PER_SECOND),
        VLLM_SIM_LOAD_SECONDS: '0',
        ...fault.env,
      },
      ...(fault.prepareHome === undefined ? {} : { prepareHome: fault.prepareHome }),
    });
    const twins: TestService[] = [];
    try {
      const gateways = [tandem.url];
      for (const name of fault.twins ?? []) {
        const twin = await startTwin(tandem, name);
        twins.push(twin);
        if (name === 'api-gateway') gateways.push(twin.url);
      }
      const { postgresPassword, natsPassword } = openSecrets(join(tandem.home, 'secrets.json'));
      const portOf = (name: ProcessName): number => serviceState(tandem, name).port;
      return new Stage(
        tandem,
        gateways,
        twins,
        `postgres://postgres:${postgresPassword}@127.0.0.1:${portOf('postgres')}/tandem`,
        `nats://tandem:${natsPassword}@127.0.0.1:${portOf('nats-server')}`,
      );
    } catch (error) {
      await Promise.all(twins.map((twin) => twin.end()));
      await tandem.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.twins.map((twin) => twin.end()));
    await this.tandem.stop();
  }

  /** @throws Error when it does not run. */
  pidOf(name: ProcessName): number {
    const { process } = serviceState(this.tandem, name);
    if (process === null) throw new Error(`${name} does not run`);
    return process.pid;
  }

  /** Sends a signal to a process of ./start. @returns epoch milliseconds. */
  signal(name: ProcessName, signal: NodeJS.Signals): number {
    process.kill(this.pidOf(name), signal);
    return Date.now();
  }

  /**
   * Lets nothing be started again until the answer is called: the supervisor sleeps. What dies meanwhile is noticed then.
   */
  holdSupervisor(): () => void {
    const pid = readState(join(this.tandem.home, 'run', 'state.json'))?.supervisor?.pid;
    if (pid === undefined) throw new Error('no supervisor runs');
    process.kill(pid, 'SIGSTOP');
    return () => process.kill(pid, 'SIGCONT');
  }

  /** Waits until another process than `formerPid` is ready under this name. @returns epoch milliseconds. */
  async readyAgain(name: ProcessName, formerPid: number, timeoutMs = READY_TIMEOUT_MS): Promise<number> {
    await eventually(
      async () => {
        const { process, port } = serviceState(this.tandem, name);
        return process !== null && process.pid !== formerPid && isReady(name, port);
      },
      { timeoutMs },
    );
    return Date.now();
  }

  /** Waits until every process is ready and a chat would be served. */
  async whole(): Promise<void> {
    await eventually(
      async () => {
        const { services } = state(this.tandem);
        const ready = await Promise.all(services.map(({ name, port }) => isReady(name as ProcessName, port)));
        return ready.every(Boolean) && (await this.engine()).state === 'ready';
      },
      { timeoutMs: READY_TIMEOUT_MS },
    );
  }

  async engine(): Promise<SystemEngine> {
    const { port } = serviceState(this.tandem, 'model-manager');
    const status = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as { engines: SystemEngine[] };
    const [only] = status.engines;
    if (only === undefined) throw new Error('model-manager knows no engine');
    return only;
  }

  /** Waits until another engine process than `formerPid` is ready. */
  async engineAgain(formerPid: number, timeoutMs: number): Promise<void> {
    await eventually(
      async () => {
        const { pid, state } = await this.engine();
        return pid !== null && pid !== formerPid && state === 'ready';
      },
      { timeoutMs },
    );
  }

  async engineMetrics(): Promise<Record<string, number>> {
    const { url } = await this.engine();
    return parseMetrics(await (await fetch(`${url ?? ''}/metrics`)).text());
  }

  nats(): Promise<NatsConnection> {
    const { username, password, host } = new URL(this.natsUrl);
    return connect({ servers: host, user: username, pass: password });
  }

  /** What a process has logged. */
  log(name: ProcessName | 'supervisor'): string {
    return readFileSync(join(this.tandem.home, 'logs', `${name}.log`), 'utf8');
  }

  /** One key for each client. */
  async makeKeys(count: number): Promise<Credential[]> {
    const credentials: Credential[] = [];
    for (let at = 0; at < count; at++) {
      const answer = await fetch(`${this.tandem.url}/api/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.tandem.apiKey}` },
        body: JSON.stringify({ name: `client ${at}`, requestsPerMinute: 1_000_000 }),
      });
      if (!answer.ok) throw new Error(`no key: ${answer.status} ${await answer.text()}`);
      credentials.push((await answer.json()) as Credential);
    }
    return credentials;
  }
}

function state(tandem: TestTandem): { services: ServiceState[] } {
  const found = readState(join(tandem.home, 'run', 'state.json'));
  if (found === null) throw new Error('nothing runs');
  return found;
}

function serviceState(tandem: TestTandem, name: ProcessName): ServiceState {
  const found = state(tandem).services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`${name} is not known`);
  return found;
}

async function isReady(name: ProcessName, port: number): Promise<boolean> {
  if (name === 'postgres') return postgresTakesSessions(port, 'postgres', 'tandem', 1_000);
  if (name === 'nats-server') return true; // all others wait for it
  const answer = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => null,
  );
  await answer?.body?.cancel();
  return answer?.ok === true;
}

/** One more instance, with the environment of the one that runs (Linux). */
async function startTwin(tandem: TestTandem, name: Twin): Promise<TestService> {
  const { process } = serviceState(tandem, name);
  const words = readFileSync(`/proc/${process?.pid ?? 0}/environ`, 'utf8').split('\0');
  const env = Object.fromEntries(
    words
      .filter((word) => word.includes('='))
      .map((word): [string, string] => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
      // ./stop would take it for one of its own.
      .filter(([key]) => key !== HOME_MARK && key !== SERVICE_MARK),
  );
  return startServiceProcess(name, env);
}
