import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastComplaint, rotateLog } from './log-files';

describe('the log of a service', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-logs-'));
    file = join(folder, 'service.log');
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('turns at 20 MiB without the service noticing: it writes on into the emptied file', () => {
    const service = openSync(file, 'a');
    writeSync(service, Buffer.alloc(20 * 1024 * 1024, 'x'));
    rotateLog(file);
    writeSync(service, 'after the turn\n');
    closeSync(service);
    expect(readFileSync(file, 'utf8')).toBe('after the turn\n');
    expect(readFileSync(`${file}.1`)).toHaveLength(20 * 1024 * 1024);
  });

  it('stays as it is while it is small', () => {
    writeFileSync(file, 'a line\n');
    rotateLog(file);
    expect(readFileSync(file, 'utf8')).toBe('a line\n');
  });

  it.each([
    [
      'an error of pino',
      '{"level":50,"msg":"no database","err":{"message":"password authentication failed"}}',
      'no database: password authentication failed',
    ],
    ['a configuration error', 'JWT_SECRET: must be 32 characters or more', 'JWT_SECRET: must be 32 characters or more'],
    [
      'a stack',
      'Error: listen EADDRINUSE\n    at Server.setupListenHandle\n\nNode.js v24.21.0',
      'Error: listen EADDRINUSE',
    ],
  ])('is understood when it ends with %s', (_, text, complaint) => {
    appendFileSync(file, `{"level":30,"msg":"starting"}\n${text}\n`);
    expect(lastComplaint(file)).toBe(complaint);
  });
});
