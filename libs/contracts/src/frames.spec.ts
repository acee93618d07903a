import fc from 'fast-check';
import { FrameBatch, FrameKind, readFrames, type Frame } from './frames';

const kinds = fc.constantFrom(...Object.values(FrameKind));
const frames = fc.array(
  fc.record({
    kind: kinds,
    stream: fc.nat(0xffffffff),
    sequence: fc.nat(0xffffffff),
    bytes: fc.uint8Array({ maxLength: 3000 }),
  }),
);

function read(message: Uint8Array): (Frame & { owner: string })[] {
  const seen: (Frame & { owner: string })[] = [];
  readFrames(message, (frame, owner) => seen.push({ ...frame, owner }));
  return seen;
}

describe('the frame codec', () => {
  it('gives back every frame of a batch, byte for byte and in order', () => {
    fc.assert(
      fc.property(frames, (input) => {
        const batch = new FrameBatch('chat-1');
        for (const f of input) batch.push(f.kind, f.stream, f.sequence, Buffer.from(f.bytes));
        const out = read(batch.take());
        expect(out.map((f) => ({ ...f, payload: [...f.payload] }))).toEqual(
          input.map((f) => ({
            kind: f.kind,
            stream: f.stream,
            sequence: f.sequence,
            payload: [...f.bytes],
            owner: 'chat-1',
          })),
        );
        expect(batch.empty).toBe(true);
      }),
    );
  });

  it('copies at once, so that a read buffer may be used again', () => {
    const shared = Buffer.from('first token');
    const batch = new FrameBatch('c');
    batch.push(FrameKind.data, 1, 0, shared, 0, 5);
    shared.fill('x');
    expect(read(batch.take())[0]?.payload.toString()).toBe('first');
  });

  it('does not touch a taken message when it is filled again', () => {
    const batch = new FrameBatch('c');
    batch.push(FrameKind.data, 1, 0, Buffer.from('one'));
    const first = batch.take();
    batch.push(FrameKind.data, 2, 0, Buffer.from('two'));
    expect(read(first)[0]?.payload.toString()).toBe('one');
  });

  it('refuses a message that is cut short anywhere, and one of another version', () => {
    const batch = new FrameBatch('chat-1');
    batch.push(FrameKind.data, 7, 3, Buffer.from('payload'));
    const whole = batch.take();
    const head = 2 + 'chat-1'.length;
    for (let cut = 0; cut < whole.length; cut++) {
      if (cut === head) continue; // a message without frames is well formed
      expect(() => read(whole.subarray(0, cut))).toThrow(RangeError);
    }
    expect(() => read(Buffer.from([9, 0]))).toThrow('unknown frame version 9');
  });
});
