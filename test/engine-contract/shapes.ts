import { events, type RawResponse } from './raw-http';

/** Names and types of a JSON value, in order: what a client can rely on, without the text that a model made up. */
export function shape(value: unknown, key = ''): unknown {
  // Why an answer ended, and which bytes a token has, is the model's affair.
  if (key === 'stop_reason') return 'any';
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

/** Shapes of the events of a stream, each once, in the order in which they first came. */
export function streamShape(response: RawResponse): unknown[] {
  const shapes = events(response).map((event) => JSON.stringify(event === '[DONE]' ? event : shape(event)));
  return [...new Set(shapes)].map((text) => JSON.parse(text) as unknown);
}

/** Headers without what differs each time. */
export function stableHeaders(response: RawResponse): unknown {
  return response.headers.map(([name, value]) =>
    ['date', 'content-length', 'x-request-id'].includes(name) ? [name] : [name, value],
  );
}
