import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPortFree } from '#common/servers/free-port';
import { eventually } from '#testing/eventually';
import type { RunningEngine } from './engine-driver';
import { ProcessDriver } from './process-driver';

const LISTENS = `require('node:net').createServer().listen(process.argv.at(-1), '127.0.0.1')`;

describe('an engine that is a process', () => {
  let folder: string;
  let engine: RunningEngine | null = null;
  let stranger: Server | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-process-'));
  });
  afterEach(async () => {
    await engine?.stop(0);
    engine = null;
    stranger?.close();
    stranger = null;
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (...command: string[]): Promise<RunningEngine> => {
    const driver = new ProcessDriver({
      id: 'vllm-0',
      profile: 'sim',
      command,
      args: ['sim'],
      environment: {},
      gpus: null,
      identity: {},
      port: undefined,
      stateDirectory: folder,
    });
    engine = await driver.start();
    return engine;
  };
  const listenOn = (port: number): Promise<void> =>
    new Promise((resolve) => (stranger = createServer().listen(port, '127.0.0.1', resolve)));

  it('is not taken for somebody who listens on its port before it does', async () => {
    const started = await start('sh', '-c', 'sleep 60');
    expect(started.isAddressTaken?.()).toBe(false);
    await listenOn(started.port!);
    expect(started.isAddressTaken?.()).toBe(true);
  });

  it('may listen on its port itself', async () => {
    const started = await start(process.execPath, '-e', LISTENS);
    await eventually(async () => !(await isPortFree(started.port!)));
    expect(started.isAddressTaken?.()).toBe(false);
  });
});
