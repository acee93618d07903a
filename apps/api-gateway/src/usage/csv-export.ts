import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Bus } from '#common/bus';
import { unavailable } from '#common/commands';
import type { Actor } from '#contracts/access';
import { CodedError, isWireError } from '#contracts/errors';
import {
  ExportPage,
  USAGE_CSV_COLUMNS,
  UsageQuerySubjects,
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
const RETRIES = 20;
const RETRY_AFTER_MS = 500;

const BOM = '\uFEFF';

interface Page {
  lines: Uint8Array;
  cursor: string | null;
}

/** The ledger as a CSV file, page by page as the client reads it. */
@Injectable()
export class CsvExport {
  /** User id of each export that runs. */
  private readonly running: string[] = [];

  constructor(
    private readonly bus: Bus,
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
      const first = await this.page({ ...bounded, cursor: null });
      const head = Buffer.from(`${bom ? BOM : ''}${USAGE_CSV_COLUMNS.join(',')}\r\n`);
      const gone = new AbortController();
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

  /** While a page is on its way to the client, the next one is made. */
  private async *bytes(
    head: Buffer,
    first: Page,
    filter: UsageFilter,
    gone: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    yield head;
    for (let page: Page | null = first; page !== null;) {
      const next: Promise<Page> | null =
        page.cursor === null ? null : this.pageAgain({ ...filter, cursor: page.cursor }, gone);
      next?.catch(() => undefined); // told below, unless the client is gone by then
      if (page.lines.length > 0) yield page.lines;
      page = await next;
    }
  }

  /** As `page`, over a restart of usage-service. */
  private async pageAgain(query: UsageExportQuery, gone: AbortSignal): Promise<Page> {
    for (let retries = 0; ; retries++) {
      try {
        return await this.page(query);
      } catch (error) {
        if (gone.aborted || retries === RETRIES || !isPassing(error)) {
          if (!gone.aborted) this.logger.warn({ msg: 'an export was cut', err: error });
          throw error;
        }
        await pause(RETRY_AFTER_MS, undefined, { signal: gone });
      }
    }
  }

  private async page(query: UsageExportQuery): Promise<Page> {
    const answer = await this.bus.connection
      .request(UsageQuerySubjects.exportPage, JSON.stringify(query), { timeout: PAGE_LIMIT_MS })
      .catch(unavailable);
    const error = answer.headers?.get(ExportPage.error) ?? '';
    if (error !== '') throw codedError(error);
    const cursor = answer.headers?.get(ExportPage.cursor) ?? '';
    return { lines: answer.data, cursor: cursor === '' ? null : cursor };
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

/** The stream takes the next only when the client has read: one that is not taken for long is not read at all. */
async function* whileRead(chunks: AsyncIterable<Uint8Array>, cut: () => void): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    const timer = setTimeout(cut, STALLED_MS);
    try {
      yield chunk;
    } finally {
      clearTimeout(timer);
    }
  }
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
