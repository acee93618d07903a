import { once } from 'node:events';
import { createReadStream, createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import { z } from 'zod';

/** Between the parts of a snapshot; the server waits for its reader as long. */
const SILENCE_MS = 30_000;
const CHUNK_BYTES = 128 * 1024;

const failure = z.object({ error: z.object({ description: z.string() }) });
const snapshotStarted = z.object({ config: z.looseObject({}), state: z.looseObject({}) });
const restoreStarted = z.object({ deliver_subject: z.string() });

/** Names of all streams of the account; the buckets of key-value stores are streams too. */
export async function streamNames(connection: NatsConnection): Promise<string[]> {
  const manager = await jetstreamManager(connection);
  const names: string[] = [];
  for await (const name of manager.streams.names()) names.push(name);
  return names.sort();
}

/**
 * Copies one stream with its consumers while it is in use, as `nats stream backup` does (NATS ADR-4 and JetStream's API,
 * $JS.API.STREAM.SNAPSHOT): NAME.json says what it is, NAME.snapshot holds it.
 */
export async function backUpStream(connection: NatsConnection, stream: string, folder: string): Promise<void> {
  const deliver = createInbox();
  const parts = connection.subscribe(deliver);
  const file = createWriteStream(join(folder, `${stream}.snapshot`), { mode: 0o600 });
  try {
    const request = { deliver_subject: deliver, no_consumers: false, chunk_size: CHUNK_BYTES };
    const about = await ask(connection, `$JS.API.STREAM.SNAPSHOT.${stream}`, request, snapshotStarted);
    for await (const part of silenceEnds(parts, `the snapshot of ${stream}`)) {
      if (part.data.length === 0) {
        const code = part.headers?.code ?? 0;
        if (code >= 400) throw new Error(`the snapshot of ${stream} broke off: ${part.headers?.description ?? code}`);
        break;
      }
      if (!file.write(part.data)) await once(file, 'drain');
      part.respond();
    }
    file.end();
    await once(file, 'finish');
    writeFileSync(join(folder, `${stream}.json`), JSON.stringify(about), { mode: 0o600 });
  } finally {
    parts.unsubscribe();
    file.destroy();
  }
}

/** Names of the streams that lie in a folder of a backup. */
export function streamsIn(folder: string): string[] {
  return readdirSync(folder).flatMap((file) =>
    file.endsWith('.snapshot') ? [file.slice(0, -'.snapshot'.length)] : [],
  );
}

/**
 * Puts one stream back as it was, its consumers with it. One of that name must not be there.
 * @throws Error with the server's reason
 */
export async function restoreStream(connection: NatsConnection, stream: string, folder: string): Promise<void> {
  const about = snapshotStarted.parse(JSON.parse(readFileSync(join(folder, `${stream}.json`), 'utf8')));
  const { deliver_subject } = await ask(connection, `$JS.API.STREAM.RESTORE.${stream}`, about, restoreStarted);
  const parts = createReadStream(join(folder, `${stream}.snapshot`), { highWaterMark: CHUNK_BYTES });
  for await (const part of parts as AsyncIterable<Buffer>)
    refuse(await connection.request(deliver_subject, part, { timeout: SILENCE_MS }));
  refuse(await connection.request(deliver_subject, new Uint8Array(), { timeout: SILENCE_MS }));
}

async function ask<T>(connection: NatsConnection, subject: string, body: object, schema: z.ZodType<T>): Promise<T> {
  const answer = await connection.request(subject, JSON.stringify(body), { timeout: SILENCE_MS });
  refuse(answer);
  return schema.parse(answer.json());
}

/** @throws Error when the answer is the server's refusal; an empty one is its consent. */
function refuse(answer: { data: Uint8Array; json(): unknown }): void {
  if (answer.data.length === 0) return;
  const refused = failure.safeParse(answer.json());
  if (refused.success) throw new Error(`NATS: ${refused.data.error.description}`);
}

/** The same messages, until none comes for a while. */
async function* silenceEnds<T>(messages: AsyncIterable<T>, what: string): AsyncGenerator<T> {
  const iterator = messages[Symbol.asyncIterator]();
  for (;;) {
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what} stopped for ${SILENCE_MS / 1_000} s`)), SILENCE_MS);
    });
    const next = await Promise.race([iterator.next(), silence]).finally(() => clearTimeout(timer));
    if (next.done === true) return;
    yield next.value;
  }
}
