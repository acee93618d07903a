import { fullText } from '../faults/load';
import type { Asked } from './clients';
import type { Fault } from './fault';
import { judge } from './judge';
import { promptTokens } from './known-answers';
import type { Row } from './rows';

const AT = 1_700_000_000_000;
const fault: Fault = {
  name: 'none',
  title: 'nothing',
  spares: 'all',
  inject: () => Promise.resolve({ at: AT }),
};

function asked(id: string | null, more: Partial<Asked> = {}): Asked {
  const known = { prompt: '안녕 🙂', tokens: 40 };
  return {
    keyId: 'key',
    gateway: 'first',
    ...known,
    stream: true,
    sentAt: AT,
    endedAt: AT + 1_000,
    left: false,
    ended: { requestId: id, status: 200, text: fullText(known), complete: true, error: null, broken: false },
    ...more,
  };
}

function row(id: string, more: Partial<Row> = {}): Row {
  return {
    requestId: id,
    createdAt: AT + 5,
    keyId: 'key',
    stream: true,
    state: 'finished',
    owner: 'chat-1',
    outcome: 'completed',
    statusCode: 200,
    errorCode: null,
    inputTokens: promptTokens('안녕 🙂'),
    outputTokens: 40,
    countMethod: 'exact',
    ttftMs: 20,
    latencyMs: 900,
    ...more,
  };
}

const cut = (more: Partial<Asked['ended']>) => ({
  ended: { ...asked('a').ended, complete: false, text: '', ...more },
});

function verdict(all: readonly Asked[], rows: readonly Row[], engine?: number) {
  const counted = engine ?? rows.reduce((sum, { outputTokens }) => sum + (outputTokens ?? 0), 0);
  const engineTokens = { least: counted, most: counted };
  return judge(fault, { at: AT }, { asked: all, rows, engineTokens, firstGateway: 'first' });
}

describe('the comparison of clients, ledger and engine', () => {
  it('finds nothing where all agree', () => {
    expect(verdict([asked('a'), asked('b')], [row('a'), row('b')])).toMatchObject({
      requests: 2,
      rows: 2,
      lost: 0,
      doubled: 0,
      wrong: 0,
      disturbed: 0,
      complaints: [],
    });
  });

  it('finds a request without a row, a second row, and a row that nobody asked for', () => {
    expect(verdict([asked('a')], [])).toMatchObject({ requests: 1, lost: 1 });
    expect(verdict([asked('a')], [row('a'), row('a')])).toMatchObject({ doubled: 1 });
    expect(verdict([asked('a')], [row('a'), row('x')])).toMatchObject({ doubled: 1 });
  });

  it.each<[string, Partial<Row>]>([
    ['a token too few', { outputTokens: 39 }],
    ['a guess of what the engine counted', { countMethod: 'estimated' }],
    ['another number of prompt tokens', { inputTokens: 1 }],
    ['another outcome', { outcome: 'interrupted' }],
    ['no end', { state: 'started' }],
    ['a time that runs backwards', { latencyMs: -3_600_000 }],
    ['a first token after the last', { ttftMs: 901 }],
    ['a longer time than its client waited', { latencyMs: 2_000 }],
  ])('a complete answer whose row has %s is wrong', (_what, more) => {
    expect(verdict([asked('a')], [row('a', more)])).toMatchObject({ wrong: 1 });
  });

  it('a row that the ledger closed for a chat-service that is gone is complete where its client has the whole answer, and there alone', () => {
    expect(verdict([asked('a')], [row('a', { state: 'closed' })])).toMatchObject({ wrong: 0 });
    const broken = asked('a', cut({ error: 'stream_interrupted' }));
    expect(verdict([broken], [row('a', { state: 'closed' })])).toMatchObject({ wrong: 1 });
    expect(verdict([asked('a')], [row('a', { state: 'closed', outcome: 'error' })])).toMatchObject({ wrong: 1 });
  });

  it('a row of a client that left holds what was made for it, not nothing and not everything', () => {
    const text = fullText({ prompt: '안녕 🙂', tokens: 300 });
    const left = asked('a', { left: true, tokens: 1_000, ...cut({ text, broken: true }) });
    const cancelled = { outcome: 'client_cancelled', statusCode: 499, errorCode: 'request_cancelled' };
    expect(verdict([left], [row('a', { ...cancelled, outputTokens: 302 })])).toMatchObject({ wrong: 0, lost: 0 });
    for (const outputTokens of [0, 299, 1_000])
      expect(verdict([left], [row('a', { ...cancelled, outputTokens })])).toMatchObject({ wrong: 1 });
    const late = row('a', { ...cancelled, outputTokens: 302, latencyMs: 5_000 });
    expect(verdict([left], [late])).toMatchObject({ wrong: 1 });
  });

  it('a client that left may have missed the error that came just before, not one that came later', () => {
    const left = asked('a', { left: true, ...cut({ broken: true }) });
    const failed = { outcome: 'error', errorCode: 'engine_error', statusCode: 502, outputTokens: 0 };
    expect(verdict([left], [row('a', { ...failed, latencyMs: 990 })])).toMatchObject({ wrong: 0 });
    expect(verdict([left], [row('a', { ...failed, latencyMs: 2_000 })])).toMatchObject({ wrong: 1 });
  });

  it('an error that the client was told is the error of the row', () => {
    const failed = asked('a', cut({ error: 'upstream_truncated' }));
    const told = { outcome: 'upstream_truncated', errorCode: 'upstream_truncated', outputTokens: 0 };
    expect(verdict([failed], [row('a', told)])).toMatchObject({ wrong: 0, disturbed: 1 });
    expect(verdict([failed], [row('a', { ...told, errorCode: 'engine_error' })])).toMatchObject({ wrong: 1 });
    expect(verdict([failed], [row('a', { outputTokens: 0 })])).toMatchObject({ wrong: 1 });
  });

  it('a request that was refused needs no row', () => {
    const refused = asked('a', cut({ status: 503, error: 'ledger_unavailable' }));
    expect(verdict([refused], [])).toMatchObject({ requests: 0, refused: 1, lost: 0, disturbed: 1 });
  });

  it('finds the row of a client that was never told an id by its key and time', () => {
    const gone = asked(null, { left: true, stream: false, ...cut({ requestId: null, status: 0, broken: true }) });
    const before = asked('b', { sentAt: AT - 2_000, endedAt: AT - 1_000 });
    const cancelled = row('a', { stream: false, outcome: 'client_cancelled', outputTokens: 30, ttftMs: null });
    expect(verdict([before, gone], [row('b', { createdAt: AT - 1_990 }), cancelled])).toMatchObject({
      requests: 2,
      doubled: 0,
      wrong: 0,
    });
    expect(verdict([gone], [{ ...cancelled, keyId: 'of somebody else' }])).toMatchObject({ doubled: 1 });
  });

  it('finds tokens that the engine made and no row has', () => {
    expect(verdict([asked('a')], [row('a')], 41)).toMatchObject({ wrong: 1 });
    expect(verdict([asked('a')], [row('a')], 39)).toMatchObject({ wrong: 1 });
  });
});
