import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseEnv } from 'node:util';
import { type Home, openHome } from './home';
import { withLock } from './lock';
import { HELP, type Invocation, parseInvocation } from './options';
import { statusText } from './print-status';
import { planSchema } from './service-spec';
import { shutDown } from './shutdown';
import { start, type Started } from './start';
import { EXIT_CODES, readStatus } from './status';
import { Supervisor } from './supervisor';
import { plainReason } from './trouble';

/** The build lies in dist/tools/launcher/src. */
const ROOT = join(__dirname, '..', '..', '..', '..');

const progress = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** The user's environment; what it does not set is taken from `.env` in the checkout. */
function readEnvironment(): Record<string, string | undefined> {
  const file = join(ROOT, '.env');
  const env: Record<string, string | undefined> = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  // An empty variable means an unset one, in shells and compose files alike.
  const set = Object.entries(process.env).filter(([, value]) => value !== '');
  return { ...env, ...Object.fromEntries(set) };
}

async function run(invocation: Invocation): Promise<number> {
  if (invocation.command === 'help') {
    say(HELP[invocation.of]);
    return 0;
  }
  const env = readEnvironment();
  const home = openHome(ROOT, env);
  switch (invocation.command) {
    case 'start': {
      const started = await start({ root: ROOT, home, env, log: progress }, invocation.options);
      say(invocation.json ? startedJson(started) : startedText(started));
      return 0;
    }
    case 'stop':
      return stop(home, invocation.json);
    case 'status': {
      const { status, profile, notes } = await readStatus(home);
      say(invocation.json ? JSON.stringify(status) : statusText(status, profile, notes));
      return EXIT_CODES[status.state];
    }
  }
}

async function stop(home: Home, json: boolean): Promise<number> {
  const waiting = (pid: number): void => {
    progress(`waiting for another ./start or ./stop (pid ${pid})`);
  };
  const stopped = await withLock(home.lockFile, waiting, () => shutDown(home, progress));
  if (json) say(JSON.stringify({ stopped }));
  else say(stopped.length === 0 ? 'Tandem is not running.' : 'Tandem is stopped.');
  return 0;
}

function startedJson({ url, home, engine, model, credentials }: Started): string {
  return JSON.stringify({ url, home, engine, model, ...credentials });
}

function startedText({ url, home, engine, model, credentials }: Started): string {
  const lines = [
    '',
    `Tandem is ready: ${url}`,
    `  OpenAI-compatible API  ${url}/v1`,
    `  API console            ${url}/api/docs`,
    `  engine                 ${engine}, model ${model ?? 'unknown'}${engine === 'simulator' ? ' (SIMULATED answers)' : ''}`,
    `  data and logs          ${home}`,
  ];
  if (credentials !== null) {
    lines.push(
      '',
      'First start. These are shown this once:',
      `  admin     ${credentials.adminEmail}`,
      `  password  ${credentials.adminPassword}`,
      `  API key   ${credentials.apiKey}`,
    );
  }
  return lines.join('\n');
}

/** The detached process that keeps everything alive. SIGUSR2: leave it alone from now on. SIGTERM: end it in order. */
async function supervise(): Promise<void> {
  const plan = planSchema.parse(JSON.parse(await text(process.stdin)));
  const home = openHome(ROOT, { TANDEM_HOME: plan.home });
  const supervisor = new Supervisor(plan);
  process.on('SIGUSR2', () => {
    supervisor.leave();
    process.exit(0);
  });
  process.on('SIGHUP', () => undefined); // the terminal of ./start closed
  const end = (): void => {
    supervisor.leave();
    void withLock(
      home.lockFile,
      () => undefined,
      () => shutDown(home, progress),
    ).finally(() => process.exit(0));
  };
  process.once('SIGTERM', end).once('SIGINT', end);
  supervisor.start();
}

async function main(): Promise<void> {
  const [command, ...args] = process.argv.slice(2);
  if (command === 'supervise') {
    await supervise();
    return;
  }
  try {
    process.exitCode = await run(parseInvocation([command ?? '', ...args]));
  } catch (error) {
    progress(`./${command ?? ''}: ${plainReason(error)}`);
    process.exitCode = 1;
  }
}

void main();
