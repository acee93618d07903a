import { FrameKind, readFrames } from '#contracts/frames';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import type { RequestEnding, RequestFacts } from '#contracts/usage';
import { EngineConnectionError } from '../engines/http/engine-connection';
import { FrameSender } from './frame-sender';
import { Generation } from './generation';

const ANSWER = Buffer.from(
  'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n' +
    'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}\n\ndata: [DONE]\n\n',
);
const FACTS = { engineLife: 'first' } as RequestFacts;
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
    another: () => null,
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

  it('took, where its client left, until then: not until the ledger was given up', () => {
    jest.useFakeTimers({ now: 0, doNotFake: ['setImmediate', 'setTimeout'] });
    try {
      const { generation, endings } = answeredButNotKept();
      jest.advanceTimersByTime(1_000);
      generation.cancel('client_gone');
      jest.advanceTimersByTime(LIMITS.ledgerMs);
      generation.checkDeadlines(performance.now() + 1);
      expect(endings).toMatchObject([{ latencyMs: 1_000, ttftMs: null }]);
    } finally {
      jest.useRealTimers();
    }
  });
});

/** A generation on its first engine, with others to go on to. */
function withOthers(count: number) {
  const asked: string[] = [];
  const kinds: number[] = [];
  const endings: RequestEnding[] = [];
  const sender = new FrameSender('chat', (_, message) => readFrames(message, ({ kind }) => void kinds.push(kind)), 0);
  let left = count;
  const send = (name: string) => () => {
    asked.push(name);
    return { abort: () => undefined };
  };
  const owner = {
    onOver: (_: Generation, ending: RequestEnding) => void endings.push(ending),
    onConnectionLost: () => undefined,
    another: () => (left-- > 0 ? { facts: { engineLife: 'other' } as RequestFacts, send: send('other') } : null),
  };
  const generation = new Generation(HEAD, FACTS, 10, sender, LIMITS, owner, { sequence: 0, queueMs: 0 });
  generation.start(send('first'));
  generation.onKept();
  const answer = (): void => {
    generation.onHead({ status: 200, headers: new Map() });
    generation.onBody(ANSWER, 0, ANSWER.length);
    generation.onComplete();
    sender.flushAll();
  };
  const error = (status: number, body: string): void => {
    generation.onHead({ status, headers: new Map() });
    generation.onBody(Buffer.from(body), 0, body.length);
    generation.onComplete();
    sender.flushAll();
  };
  return { generation, asked, kinds, endings, answer, error };
}

const BROKEN = new EngineConnectionError('refused', true);

describe('a request whose engine fails before its first byte', () => {
  it('is answered by another engine, and the ledger is told of both', () => {
    const { generation, asked, kinds, endings, answer } = withOthers(1);
    generation.onFailure(BROKEN);
    expect(asked).toEqual(['first', 'other']);
    answer();
    expect(kinds).toContain(FrameKind.end);
    expect(endings).toMatchObject([{ outcome: 'completed', outputTokens: 1 }]);
    expect(generation.facts).toEqual({ engineLife: 'other', triedEngineLife: 'first' });
  });

  it('goes on also when the engine says that its core is dead', () => {
    const { asked, error } = withOthers(1);
    error(503, '{"error":{"message":"EngineCore is dead","code":503}}');
    expect(asked).toEqual(['first', 'other']);
  });

  it('is tried once more and no oftener', () => {
    const { generation, asked, endings } = withOthers(9);
    generation.onFailure(BROKEN);
    generation.onFailure(BROKEN);
    expect(asked).toEqual(['first', 'other']);
    expect(endings).toMatchObject([{ outcome: 'error', errorCode: 'engine_unavailable' }]);
  });

  it('fails where there is no other engine', () => {
    const { generation, endings } = withOthers(0);
    generation.onFailure(BROKEN);
    expect(endings).toMatchObject([{ errorCode: 'engine_unavailable' }]);
  });

  it('stays where it is when the error is about the request', () => {
    const { asked, endings, error } = withOthers(1);
    error(400, '{"error":{"message":"temperature must be >= 0","code":400}}');
    expect(asked).toEqual(['first']);
    expect(endings).toMatchObject([{ errorCode: 'engine_rejected_request' }]);
  });

  it('does not go on once the client has a part of an answer: nothing is told twice', () => {
    const { generation, asked, endings } = withOthers(1);
    generation.onHead({ status: 200, headers: new Map() });
    const first = ANSWER.subarray(0, ANSWER.indexOf('\n\n') + 2);
    generation.onBody(first, 0, first.length);
    generation.onFailure(BROKEN);
    expect(asked).toEqual(['first']);
    expect(endings).toMatchObject([{ errorCode: 'upstream_truncated' }]);
  });
});
