import type { ResponseHandler } from '../engines/http/engine-connection';
import { Recording, replay } from './recording';

/** What a handler has heard, in a line. */
class Heard implements ResponseHandler {
  readonly lines: string[] = [];
  onHead({ status }: { status: number }): void {
    this.lines.push(String(status));
  }
  onBody(bytes: Buffer, start: number, end: number): void {
    this.lines.push(bytes.toString('utf8', start, end));
  }
  onComplete(): void {
    this.lines.push('complete');
  }
  onFailure(): void {
    this.lines.push('failure');
  }
}

const head = (status: number): { status: number; headers: Map<string, string> } => ({ status, headers: new Map() });

describe('a recording', () => {
  function played(status: number, ...parts: string[]): Recording {
    const recording = new Recording('key', 10);
    const handler = recording.around(new Heard());
    handler.onHead(head(status));
    for (const part of parts) handler.onBody(Buffer.from(`>${part}<`), 1, part.length + 1);
    return recording;
  }

  it('holds the whole answer, and gives it to those who wait', async () => {
    const recording = played(200, 'one', 'two');
    expect(recording.end(true)?.toString()).toBe('onetwo');
    expect((await recording.answer)?.toString()).toBe('onetwo');
  });

  it.each([
    ['was cut off', played(200, 'one'), false],
    ['is an error', played(400, 'one'), true],
    ['is too large', played(200, 'one and two', 'three'), true],
  ])('holds nothing of an answer that %s', async (_, recording, complete) => {
    expect(recording.end(complete)).toBeNull();
    expect(await recording.answer).toBeNull();
  });

  it('holds nothing of an answer that another engine went on with', () => {
    const recording = played(200, 'one');
    recording.around(new Heard()).onFailure(new Error() as Parameters<ResponseHandler['onFailure']>[0]);
    expect(recording.end(true)).toBeNull();
  });

  it('is played to the end, or to where it is left', async () => {
    const [all, some] = [new Heard(), new Heard()];
    replay(Buffer.from('answer'), all);
    replay(Buffer.from('answer'), some).abort();
    await Promise.resolve();
    expect([all.lines, some.lines]).toEqual([['200', 'answer', 'complete'], []]);
  });
});
