import { FrameKind, readFrames } from '#contracts/frames';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import type { RequestEnding, RequestFacts } from '#contracts/usage';
import { FrameSender } from './frame-sender';
import { Generation } from './generation';

const ANSWER = Buffer.from(
  'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n' +
    'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\ndata: [DONE]\n\n',
);
const HEAD = { gatewayId: 'gw', stream: 1, spentMs: 0, streaming: true, model: 'm' } as GenerateRequest;
const LIMITS = {
  firstTokenMs: 1e6,
  betweenTokensMs: 1e6,
  requestMs: 1e6,
  ledgerMs: 1e6,
  maxEventBytes: 1e6,
  maxAnswerBytes: 1e6,
};

/** A generation whose engine has given its whole answer, while the ledger has not taken its start yet. */
function answeredButNotKept() {
  const kinds: number[] = [];
  const endings: RequestEnding[] = [];
  const sender = new FrameSender('chat', (_, message) => readFrames(message, ({ kind }) => void kinds.push(kind)), 0);
  const owner = {
    onOver: (_: Generation, ending: RequestEnding) => void endings.push(ending),
    onConnectionLost: () => undefined,
  };
  const generation = new Generation(HEAD, {} as RequestFacts, 10, sender, LIMITS, owner, { sequence: 0, queueMs: 0 });
  generation.start(() => ({ abort: () => undefined }));
  generation.onHead({ status: 200, headers: new Map() });
  generation.onBody(ANSWER, 0, ANSWER.length);
  generation.onComplete();
  return { generation, sender, kinds, endings };
}

describe('an answer that is whole before the ledger has its start', () => {
  it('leaves when the ledger has it, and is completed', () => {
    const { generation, sender, kinds, endings } = answeredButNotKept();
    expect(endings).toEqual([]);
    generation.onKept();
    sender.flushAll();
    expect(kinds).toContain(FrameKind.end);
    expect(endings).toMatchObject([{ outcome: 'completed', outputTokens: 1, countMethod: 'exact' }]);
  });

  it.each<[CancelStream['reason'], string]>([
    ['client_gone', 'client_cancelled'],
    ['gateway_failed', 'interrupted'],
  ])(
    'is not completed when nobody can have it any more (%s): the ledger says %s, with its tokens',
    (reason, outcome) => {
      const { generation, sender, kinds, endings } = answeredButNotKept();
      generation.cancel(reason);
      generation.onKept();
      sender.flushAll();
      expect(kinds).not.toContain(FrameKind.data);
      expect(kinds).not.toContain(FrameKind.end);
      expect(endings).toMatchObject([{ outcome, statusCode: 499, outputTokens: 1, countMethod: 'exact' }]);
    },
  );

  it('is refused when the ledger does not take it in time, unless its client had gone before', () => {
    const [refused, left] = [answeredButNotKept(), answeredButNotKept()];
    left.generation.cancel('client_gone');
    for (const { generation } of [refused, left]) generation.checkDeadlines(performance.now() + 2 * LIMITS.ledgerMs);
    expect(refused.endings).toMatchObject([{ outcome: 'rejected', errorCode: 'ledger_unavailable', statusCode: 503 }]);
    expect(left.endings).toMatchObject([{ outcome: 'client_cancelled', statusCode: 499, outputTokens: 1 }]);
  });
});
