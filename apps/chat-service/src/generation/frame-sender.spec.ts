import { FrameKind, readFrames } from '#contracts/frames';
import { eventually } from '#testing/eventually';
import { FrameSender } from './frame-sender';

interface Sent {
  subject: string;
  frames: { kind: number; stream: number; sequence: number; text: string }[];
}

function setUp(windowMs = 8): { sender: FrameSender; sent: Sent[] } {
  const sent: Sent[] = [];
  const sender = new FrameSender(
    'chat-1',
    (subject, message) => {
      const frames: Sent['frames'] = [];
      readFrames(message, ({ kind, stream, sequence, payload }) =>
        frames.push({ kind, stream, sequence, text: payload.toString() }),
      );
      sent.push({ subject, frames });
    },
    windowMs,
  );
  return { sender, sent };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('the frame sender', () => {
  it('sends the frames of all streams of one turn as one message a gateway', async () => {
    const { sender, sent } = setUp();
    for (let stream = 0; stream < 3; stream++) {
      sender.open('gw-a');
      sender.send('gw-a', 'soon', FrameKind.data, stream, 0, Buffer.from(`token ${stream}`));
    }
    sender.open('gw-b');
    sender.send('gw-b', 'soon', FrameKind.data, 9, 0, Buffer.from('other'));
    await turn();
    expect(sent.map((m) => [m.subject, m.frames.map((f) => f.text)])).toEqual([
      ['gateway.v1.frames.gw-a', ['token 0', 'token 1', 'token 2']],
      ['gateway.v1.frames.gw-b', ['other']],
    ]);
  });

  it('lets a first token out at once while a crowd is gathered, and takes along what waited', async () => {
    const { sender, sent } = setUp();
    for (let stream = 0; stream < 40; stream++) sender.open('gw');
    sender.send('gw', 'soon', FrameKind.data, 1, 5, Buffer.from('later'));
    await turn();
    expect(sent).toEqual([]);
    sender.send('gw', 'now', FrameKind.data, 2, 0, Buffer.from('first'));
    await turn();
    expect(sent[0]?.frames.map((f) => f.text)).toEqual(['later', 'first']);
  });

  it('sends what was gathered for a crowd when the window is over', async () => {
    const { sender, sent } = setUp();
    for (let stream = 0; stream < 40; stream++) {
      sender.open('gw');
      sender.send('gw', 'soon', FrameKind.data, stream, 0, Buffer.from('t'));
    }
    await eventually(() => {
      expect(sent).toHaveLength(1);
      return true;
    });
    expect(sent[0]?.frames).toHaveLength(40);
  });

  it('never makes a message much larger than the bound, and loses no byte for it', async () => {
    const { sender, sent } = setUp();
    sender.open('gw');
    const part = Buffer.alloc(400_000, 'x');
    for (let sequence = 0; sequence < 6; sequence++) sender.send('gw', 'soon', FrameKind.body, 1, sequence, part);
    await turn();
    expect(sent.length).toBeGreaterThan(1);
    const frames = sent.flatMap((m) => m.frames);
    expect(frames.map((f) => f.sequence)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(frames.every((f) => f.text.length === 400_000)).toBe(true);
  });

  it('sends what is left when the last stream to a gateway closes', () => {
    const { sender, sent } = setUp();
    sender.open('gw');
    sender.send('gw', 'lazy', FrameKind.end, 1, 0);
    sender.close('gw');
    expect(sent).toHaveLength(1);
  });
});
