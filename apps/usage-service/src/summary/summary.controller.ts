import { USAGE_GROUPS, UsageQuerySubjects, type UsageSummary, type UsageSummaryQuery } from '#contracts/usage-queries';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { filterShape, parseQuery } from '../reports/usage-filter';
import { isShort } from './summary-range';
import { SummaryRepository } from './summary.repository';

const querySchema: z.ZodType<UsageSummaryQuery> = z.object({ ...filterShape, groupBy: z.enum(USAGE_GROUPS) });

/** Sums by user, key, model or day. */
@Controller()
export class SummaryController {
  constructor(private readonly summaries: SummaryRepository) {}

  @MessagePattern(UsageQuerySubjects.summary)
  summary(@Payload() query: unknown): Promise<UsageSummary> {
    const wanted = parseQuery(querySchema, query);
    return isShort(wanted) ? this.summaries.fromRows(wanted) : this.summaries.fromRollup(wanted);
  }
}
