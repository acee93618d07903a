import type { TestSystem } from '#testing/system';

/** An answer as it came over the wire. */
export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The data of the events, `[DONE]` included. */
  readonly events: string[];
  /** The error of the body, or of the last event. */
  readonly error: { message: string; type: string; param: string | null; code: string } | null;
}

/** Asks the engine to play a script, and reads the answer to its end. */
export async function ask(system: TestSystem, script: string, fields: Record<string, unknown> = {}): Promise<Heard> {
  const response = await open(system, script, fields);
  const raw = new TextDecoder('utf-8', { fatal: true }).decode(await response.arrayBuffer());
  // After an engine broke a connection who comes next waits a second for it, and may be told so before the answer.
  const text = raw.replaceAll(/^: queue .*\n\n/gm, '');
  const streamed = (response.headers.get('content-type') ?? '').startsWith('text/event-stream');
  const events = streamed ? eventsOf(text) : [];
  const last = streamed ? (events.at(-1) ?? '{}') : text;
  const parsed = last.startsWith('{') ? (JSON.parse(last) as { error?: NonNullable<Heard['error']> }) : {};
  return { status: response.status, headers: response.headers, text, events, error: parsed.error ?? null };
}

export function open(
  system: TestSystem,
  script: string,
  fields: Record<string, unknown> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(`${system.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
    body: JSON.stringify({ model: 'default', stream: true, messages: [{ role: 'user', content: script }], ...fields }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** By the rules of the standard: lines end with CRLF, LF or CR; an empty line ends an event; comments are left out. */
function eventsOf(text: string): string[] {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .split('\n\n')
    .map((event) =>
      event
        .split('\n')
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trimStart())
        .join('\n'),
    )
    .filter((data) => data !== '');
}
