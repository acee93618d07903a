import { SLOW_MS, type EngineClient } from '../engine-client';
import { rawExchange, type RawResponse } from '../raw-http';
import { needsOtherServer, recordings, type Recording } from '../replay';
import { shape, stableHeaders, expectStreamLike } from '../shapes';

/** Vocabulary and ids are the model's, not the protocol's. */
const withoutModel = (text: string): string => text.replace(/Vocabulary size: \d+/, 'Vocabulary size: N');

function expectSame(actual: RawResponse, { response: recorded }: Recording, parsed: boolean): void {
  expect(actual.status).toBe(recorded.status);
  expect(stableHeaders(actual)).toEqual(stableHeaders(recorded));
  expect(actual.complete).toBe(true);
  if (recorded.chunks.length > 0) {
    expectStreamLike(actual, recorded, parsed);
  } else if (recorded.status >= 400 || recorded.body === '') {
    expect(withoutModel(actual.body)).toBe(withoutModel(recorded.body));
  } else {
    expect(shape(JSON.parse(actual.body))).toEqual(shape(JSON.parse(recorded.body)));
  }
}

/** Every recorded request, sent again. */
export function recordedAnswers(engine: EngineClient): void {
  describe('answers as recorded', () => {
    // An interim response is no response yet. A parser drops the events of tokens that add no text.
    const unlike = engine.parses
      ? /^chat-(non)?stream-tools|^chat-stream-(logprobs|return-token-ids)$|^stream-string$/
      : /^$/;
    const out = /^(get-metrics|raw-expect-100)/;
    const left = (name: string): boolean => !needsOtherServer(name) && !out.test(name) && !unlike.test(name);
    const all = [...recordings('http', left), ...recordings('errors', left)];
    it.each(all.map((item) => [item.name, item] as const))(
      '%s',
      async (_, item) => {
        expectSame(await rawExchange(engine.url, item.request), item, engine.parses);
      },
      SLOW_MS,
    );
  });
}
