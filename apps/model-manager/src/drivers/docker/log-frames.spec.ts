import fc from 'fast-check';
import { LogFrames } from './log-frames';

function frame(stream: 1 | 2, text: Buffer | string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

function linesOf(parts: Buffer[]): string[] {
  const lines: string[] = [];
  const frames = new LogFrames((line) => lines.push(line));
  for (const part of parts) frames.push(part);
  frames.end();
  return lines;
}

describe('the log stream of a container', () => {
  const hangul = Buffer.from('한글\n');
  const wire = Buffer.concat([
    frame(1, 'INFO loading'),
    frame(2, 'a warning\n'),
    frame(1, ' weights\n10 %\r20 %\r'),
    frame(1, hangul.subarray(0, 2)),
    frame(1, hangul.subarray(2)),
    frame(2, 'no line feed at the end'),
  ]);
  const lines = ['a warning', 'INFO loading weights', '10 %', '20 %', '한글', 'no line feed at the end'];

  it('is put together from frames, each of the two streams by itself', () => {
    expect(linesOf([wire])).toEqual(lines);
  });

  it('is the same however the bytes are cut on their way', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(wire.length), { maxLength: 30 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), wire.length];
        expect(linesOf(at.slice(1).map((end, index) => wire.subarray(at[index], end)))).toEqual(lines);
      }),
    );
  });
});
