import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Bus } from '#common/bus';
import { Commands, unavailable } from '#common/commands';
import { PassingBuffers } from '#common/passing-buffers';
import type { Actor } from '#contracts/access';
import { CodedError, isWireError } from '#contracts/errors';
import {
  ExportPage,
  USAGE_CSV_COLUMNS,
  UsageQuerySubjects,
  type UsageExportNext,
  type UsageExportPlace,
  type UsageExportQuery,
  type UsageFilter,
} from '#contracts/usage-queries';

/** An export holds a few pages while its client reads; these bound what all of them hold. */
const MAX_EXPORTS = 8;
const MAX_EXPORTS_OF_A_USER = 2;
/** A client that takes nothing for so long is cut. */
const STALLED_MS = 60_000;
/** Longer than the slowest page may take in Postgres (usage-service, report-database.ts). */
const PAGE_LIMIT_MS = 25_000;
/** A usage-service that restarts is back within seconds; pages can be asked for again. */
const RETRIES = 60;
const RETRY_AFTER_MS = 500;

const BOM = '\uFEFF';

/** An answer of usage-service: a page, or its first part. */
interface Answer {
  lines: Uint8Array;
  /** Where the rest of the page begins; null when this is all of it. */
  rest: string | null;
}

/** A page that is being made. */
interface Page {
  /** Where it ends; null for the last. */
  until: string | null;
  answer: Promise<Answer>;
}

/** The ledger as a CSV file, page by page as the client reads it. */
@Injectable()
export class CsvExport {
  /** User id of each export that runs. */
  private readonly running: string[] = [];
  private readonly buffers = new PassingBuffers();

  constructor(
    private readonly bus: Bus,
    private readonly commands: Commands,
    private readonly logger: Logger,
  ) {}

  /**
   * Opens a file; the stream destroys itself with an error when it cannot be ended properly. The rows are those admitted
   * until now, so that it has an end, each as it is when its page is read.
   * @throws CodedError before there is a first byte: what usage-service refused, or `too_many_in_flight`.
   */
  async open(actor: Actor, filter: UsageFilter, { bom }: { bom: boolean }): Promise<Readable> {
    const leave = this.enter(actor.userId);
    try {
      const bounded = { ...filter, to: earlier(filter.to, new Date().toISOString()) };
      const gone = new AbortController();
      const first = await this.begin({ ...bounded, cursor: null }, gone.signal, 0);
      await first.answer;
      const head = Buffer.from(`${bom ? BOM : ''}${USAGE_CSV_COLUMNS.join(',')}\r\n`);
      const cut = (): void => {
        file.destroy(new Error('the client did not read its export'));
      };
      const file: Readable = Readable.from(whileRead(this.bytes(head, first, bounded, gone.signal), cut), {
        objectMode: false,
        highWaterMark: 1,
      });
      file.once('close', () => {
        gone.abort();
        leave();
      });
      return file;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** While a page is made and on its way to the client, the next one is made too. */
  private async *bytes(
    head: Buffer,
    first: Page,
    filter: UsageFilter,
    gone: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    yield head;
    for (let page: Page | null = first; page !== null;) {
      const until: string | null = page.until;
      const next: Promise<Page> | null =
        until === null ? null : this.begin({ ...filter, cursor: until }, gone, RETRIES);
      next?.catch(() => undefined); // told below, unless the client is gone by then
      let { lines, rest }: Answer = await page.answer;
      if (lines.length > 0) yield lines;
      while (rest !== null) {
        ({ lines, rest } = await this.answer({ ...filter, cursor: rest, until }, gone, RETRIES));
        yield lines;
      }
      page = await next;
    }
  }

  /** Finds the end of the page and has it made; resolves as soon as the end is known. */
  private async begin(from: UsageExportNext, gone: AbortSignal, retries: number): Promise<Page> {
    const { cursor: until } = await this.again(gone, retries, () =>
      this.commands.send<UsageExportPlace>(UsageQuerySubjects.exportNext, from, PAGE_LIMIT_MS),
    );
    const answer = this.answer({ ...from, until }, gone, retries);
    answer.catch(() => undefined); // told to whoever takes the page
    return { until, answer };
  }

  private answer(query: UsageExportQuery, gone: AbortSignal, retries: number): Promise<Answer> {
    return this.again(gone, retries, async () => {
      const reply = await this.bus.connection
        .request(UsageQuerySubjects.exportPage, JSON.stringify(query), { timeout: PAGE_LIMIT_MS })
        .catch(unavailable);
      const error = reply.headers?.get(ExportPage.error) ?? '';
      if (error !== '') throw codedError(error);
      this.buffers.passed(reply.data.length);
      const rest = reply.headers?.get(ExportPage.cursor) ?? '';
      return { lines: reply.data, rest: rest === '' ? null : rest };
    });
  }

  /** Asks again over a restart of usage-service, while there is a client. */
  private async again<Answered>(gone: AbortSignal, retries: number, ask: () => Promise<Answered>): Promise<Answered> {
    for (let retried = 0; ; retried++) {
      try {
        return await ask();
      } catch (error) {
        if (gone.aborted || retried >= retries || !isPassing(error)) {
          if (!gone.aborted)
            this.logger.warn({
              msg: 'an export could not be completed: its client sees it cut, and may ask again',
              err: error,
            });
          throw error;
        }
        await pause(RETRY_AFTER_MS, undefined, { signal: gone });
      }
    }
  }

  /** @returns what to call at the end. @throws CodedError `too_many_in_flight` */
  private enter(userId: string): () => void {
    const own = this.running.filter((id) => id === userId).length;
    if (own >= MAX_EXPORTS_OF_A_USER || this.running.length >= MAX_EXPORTS)
      throw new CodedError('too_many_in_flight', 'Too many exports are running. Wait until one is done.', {
        retryAfterS: 10,
      });
    this.running.push(userId);
    return () => {
      const at = this.running.indexOf(userId);
      if (at >= 0) this.running.splice(at, 1);
    };
  }
}

/**
 * The stream takes the next only when the client has read: one that is not taken for long is not read at all. Also the
 * first, which nobody takes for a client that is gone already.
 */
function whileRead(chunks: AsyncIterable<Uint8Array>, cut: () => void): AsyncIterable<Uint8Array> {
  let timer = setTimeout(cut, STALLED_MS);
  async function* watched(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for await (const chunk of chunks) {
        clearTimeout(timer);
        timer = setTimeout(cut, STALLED_MS);
        yield chunk;
        clearTimeout(timer);
      }
    } finally {
      clearTimeout(timer);
    }
  }
  return watched();
}

function earlier(one: string | null, other: string): string {
  return one !== null && one < other ? one : other;
}

function isPassing(error: unknown): boolean {
  return error instanceof CodedError && error.code === 'service_unavailable';
}

function codedError(text: string): Error {
  const wire: unknown = JSON.parse(text);
  return isWireError(wire) ? CodedError.fromWire(wire) : new Error(`usage-service answered ${text}`);
}
