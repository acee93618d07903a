import { headers, type Msg, type Subscription } from '@nats-io/transport-node';
import { Bus } from '#common/bus';
import { PassingBuffers } from '#common/passing-buffers';
import { CodedError } from '#contracts/errors';
import {
  ExportPage,
  UsageQuerySubjects,
  type UsageExportNext,
  type UsageExportPlace,
  type UsageExportQuery,
} from '#contracts/usage-queries';
import { Controller, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Logger } from 'nestjs-pino';
import { z } from 'zod';
import { cursorOf, placeOf, type Place } from '../reports/place';
import { filterShape, parseQuery } from '../reports/usage-filter';
import { ExportRepository } from './export.repository';

const QUEUE = 'usage-service';
/** About half a MiB: large enough that the way there and back does not count, small enough to be held a few times. */
const PAGE_ROWS = 2_000;
/** Below NATS's max_payload (8 MiB in every deployment of ours). */
const MAX_PAGE = { rows: 2 * PAGE_ROWS, bytes: 6 * 1024 * 1024 };

const cursor = z.string().max(2_000).nullable();
const nextSchema: z.ZodType<UsageExportNext> = z.object({ ...filterShape, cursor });
const pageSchema: z.ZodType<UsageExportQuery> = z.object({ ...filterShape, cursor, until: cursor });

/**
 * Hands out pages of the CSV. Nothing is kept between two of them: any usage-service can answer the next, and a client that
 * reads slowly or is gone costs nothing here.
 */
@Controller()
export class ExportController implements OnApplicationBootstrap, OnModuleDestroy {
  private subscription: Subscription | null = null;
  private readonly buffers = new PassingBuffers();

  constructor(
    private readonly bus: Bus,
    private readonly repository: ExportRepository,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.subscribe(
      UsageQuerySubjects.exportPage,
      (message) => void this.answer(message),
      QUEUE,
    );
  }

  onModuleDestroy(): void {
    this.subscription?.unsubscribe();
  }

  @MessagePattern(UsageQuerySubjects.exportNext)
  async next(@Payload() query: unknown): Promise<UsageExportPlace> {
    const wanted = parseQuery(nextSchema, query);
    const place = await this.repository.placeAfter(wanted, placeOrNull(wanted.cursor), PAGE_ROWS);
    return { cursor: place === null ? null : cursorOf(place) };
  }

  private async answer(message: Msg): Promise<void> {
    const about = headers();
    try {
      const query = parseQuery(pageSchema, message.json());
      const part = { after: placeOrNull(query.cursor), until: placeOrNull(query.until) };
      const { lines, last } = await this.repository.page(query, part, MAX_PAGE, PAGE_ROWS);
      if (last !== null) about.set(ExportPage.cursor, cursorOf(last));
      message.respond(lines, { headers: about });
      this.buffers.passed(lines.length);
    } catch (error) {
      about.set(ExportPage.error, JSON.stringify(this.codedError(error).toWire()));
      message.respond(undefined, { headers: about });
    }
  }

  private codedError(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    this.logger.error({
      msg: 'a page of an export failed; the gateway asks again where that may help, and else cuts the file',
      err: error,
    });
    return new CodedError('internal_error', 'The export failed; the log of usage-service says why.');
  }
}

function placeOrNull(cursor: string | null): Place | null {
  return cursor === null ? null : placeOf(cursor);
}
