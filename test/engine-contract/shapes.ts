import { events, namedEvents, type RawResponse } from './raw-http';

/** Names and types of a JSON value, in order: what a client can rely on, without the text that a model made up. */
export function shape(value: unknown, key = ''): unknown {
  // Why an answer ended, and which bytes a token has, is the model's affair.
  if (key === 'stop_reason' || key === 'incomplete_details') return 'any';
  if (key === 'bytes') return ['number'];
  if (key === 'finish_reason') return value === null ? 'null' : 'reason';
  if (value === null) return 'null';
  if (Array.isArray(value)) {
    const shapes = value.map((item) => JSON.stringify(shape(item)));
    return [...new Set(shapes)].map((text) => JSON.parse(text) as unknown);
  }
  if (typeof value !== 'object') return typeof value;
  return Object.entries(value).map(([name, item]) => [name, shape(item, name)]);
}

/** Shapes of the events of a stream. */
export function eventShapes(response: RawResponse): unknown[] {
  if (response.chunks[0]?.startsWith('event:') === true) {
    return namedEvents(response).map(({ name, data }) => [name, shape(data)]);
  }
  return events(response).map((event) => (event === '[DONE]' ? event : shape(event)));
}

/**
 * The stream must begin and end as the recorded one, and have no event of another shape between. Not all of them need
 * be there: an engine that is ahead of its server puts several tokens into one event.
 */
export function expectStreamLike(actual: RawResponse, recorded: RawResponse, parsed = false): void {
  const theirs = eventShapes(recorded);
  const own = eventShapes(actual).map((event) => (parsed ? withoutParser(event) : event));
  expect(own[0]).toEqual(theirs[0]);
  expect(own.slice(-2)).toEqual(theirs.slice(-2));
  expect(theirs).toEqual(expect.arrayContaining(own));
}

/**
 * A tool parser drops tokens that add no text. If the last token is one, which is the model's affair, the end still
 * comes, with an empty delta where there is an empty content without a parser
 * (vllm/entrypoints/openai/chat_completion/serving.py).
 */
function withoutParser(eventShape: unknown): unknown {
  const text = JSON.stringify(eventShape);
  const [emptyEnd, emptyContent] = ['["delta",[]]', '["delta",[["content","string"]]]'];
  return text.includes('["finish_reason","reason"]') ? JSON.parse(text.replace(emptyEnd, emptyContent)) : eventShape;
}

/** Headers without what differs each time. */
export function stableHeaders(response: RawResponse): unknown {
  return response.headers.map(([name, value]) =>
    ['date', 'content-length', 'x-request-id'].includes(name) ? [name] : [name, value],
  );
}
