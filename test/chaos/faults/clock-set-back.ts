import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pause } from '../clients';
import type { Fault } from '../fault';

const SET_BACK_MS = 3_600_000;
/** Until all services have read the new time. */
const READ_MS = 500;

const ABOVE = join(__dirname, '..', '..', '..');
const ROOT = basename(ABOVE) === 'dist' ? join(ABOVE, '..') : ABOVE;
const CLOCK = join(ROOT, 'test', 'chaos', 'shifted-clock.cjs');
const CLOCK_FILE = join(tmpdir(), `tandem-chaos-clock-${process.pid}`);

/** The wall clock of the four services jumps back by an hour. That of nats-server, Postgres and the clients stays. */
export const CLOCK_SET_BACK: Fault = {
  name: 'clock-back',
  title: 'clock of the services set back by an hour',
  env: { NODE_OPTIONS: `--require ${CLOCK}`, CHAOS_CLOCK_FILE: CLOCK_FILE },
  spares: 'all',
  prepareHome: () => () => {
    rmSync(CLOCK_FILE, { force: true });
  },
  inject: async () => {
    writeFileSync(CLOCK_FILE, String(-SET_BACK_MS));
    const at = Date.now();
    await pause(READ_MS);
    return { at, setBackMs: SET_BACK_MS };
  },
};
