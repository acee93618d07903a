import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogTail } from './log-tail';

describe('the tail of a log', () => {
  let folder: string;
  let path: string;
  let lines: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-tail-'));
    path = join(folder, 'engine.log');
    lines = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const tail = (from: 'start' | 'end'): LogTail => new LogTail(path, (line) => lines.push(line), from);

  it('gives whole lines, whether they end with a line feed or, as progress bars do, with a carriage return', () => {
    writeFileSync(path, 'one\rtw');
    const following = tail('start');
    following.read();
    expect(lines).toEqual(['one']);
    appendFileSync(path, 'o\n한');
    appendFileSync(path, Buffer.from('글').subarray(0, 1));
    following.read();
    appendFileSync(path, Buffer.from('글').subarray(1));
    appendFileSync(path, '\r\n');
    following.read();
    following.close();
    expect(lines).toEqual(['one', 'two', '한글']);
  });

  it('can begin at the end', () => {
    writeFileSync(path, 'old\n');
    const following = tail('end');
    appendFileSync(path, 'new\n');
    following.read();
    following.close();
    expect(lines).toEqual(['new']);
  });

  it('begins anew when the file was emptied', () => {
    writeFileSync(path, 'a long first line\n');
    const following = tail('start');
    following.read();
    truncateSync(path);
    appendFileSync(path, 'b\n');
    following.read();
    following.close();
    expect(lines).toEqual(['a long first line', 'b']);
  });
});
