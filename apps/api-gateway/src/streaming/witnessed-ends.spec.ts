import type { Bus } from '#common/bus';
import type { AnswerEnd } from '#contracts/witnessed-ends';
import { WitnessedEnds } from './witnessed-ends';

const END: AnswerEnd = {
  inputTokens: 5,
  cachedTokens: 0,
  outputTokens: 9,
  reasoningTokens: 0,
  countMethod: 'exact',
  queueMs: 0.1,
  ttftMs: null,
  latencyMs: 120.5,
};
const FRAME = Buffer.from(JSON.stringify(END));

describe('what a gateway has seen of the ends of answers', () => {
  // It listens to nobody here.
  const witness = (): WitnessedEnds => new WitnessedEnds(null as unknown as Bus);
  const ids = (ends: WitnessedEnds, owner: string): string[] => ends.of(owner).map(({ requestId }) => requestId);

  it('is told of each chat-service by itself, with what the answer counted', () => {
    const ends = witness();
    ends.add('chat-a', 'req_1', FRAME);
    ends.add('chat-b', 'req_2', FRAME);
    expect(ends.of('chat-a')).toEqual([{ requestId: 'req_1', ...END }]);
    expect(ids(ends, 'chat-b')).toEqual(['req_2']);
    expect(ends.of('chat-c')).toEqual([]);
  });

  it('are the last ones, of the chat-services that came last', () => {
    const ends = witness();
    for (let at = 0; at < 1_000; at++) ends.add('chat-a', `req_${at}`, FRAME);
    expect(ids(ends, 'chat-a')).toHaveLength(256);
    expect(ids(ends, 'chat-a')).toContain('req_999');
    expect(ids(ends, 'chat-a')).not.toContain('req_743');
    for (let at = 0; at < 64; at++) ends.add(`later-${at}`, 'req', FRAME);
    expect(ends.of('chat-a')).toEqual([]);
    expect(ids(ends, 'later-63')).toEqual(['req']);
  });

  it('has nothing of a chat-service that does not tell', () => {
    const ends = witness();
    ends.add('of-before', 'req_1', Buffer.alloc(0));
    expect(ends.of('of-before')).toEqual([]);
  });
});
