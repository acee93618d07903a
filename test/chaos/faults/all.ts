import type { Fault } from '../fault';
import { CLOCK_SET_BACK } from './clock-set-back';
import { ENGINE_DEAD } from './engine-dead';
import { KILLED } from './killed';
import { NATS_DISK_FULL } from './nats-disk-full';
import { POSTGRES_AWAY } from './postgres-away';
import { POSTGRES_DISK_FULL } from './postgres-disk-full';
import { POSTGRES_SLOW } from './postgres-slow';
import { REWRITTEN_STREAM } from './rewritten-stream';
import { STALLED_WRITER } from './stalled-writer';
import { TERMINATED } from './terminated';

/** In the order of the table. */
export const FAULTS: readonly Fault[] = [
  ...KILLED,
  ...TERMINATED,
  POSTGRES_AWAY,
  POSTGRES_SLOW,
  NATS_DISK_FULL,
  POSTGRES_DISK_FULL,
  ...ENGINE_DEAD,
  REWRITTEN_STREAM,
  STALLED_WRITER,
  CLOCK_SET_BACK,
];
