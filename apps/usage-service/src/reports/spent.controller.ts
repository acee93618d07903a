import { UsageQuerySubjects, type UsageSpent, type UsageSpentQuery } from '#contracts/usage-queries';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { z } from 'zod';
import { ReportDatabase } from './report-database';

const querySchema = z.object({
  by: z.enum(['user', 'key']),
  id: z.string(),
  from: z.iso.datetime(),
}) satisfies z.ZodType<UsageSpentQuery>;

/** What a token budget has used, for the gateways that guard it. */
@Controller()
export class SpentController {
  constructor(private readonly database: ReportDatabase) {}

  /** Requests that run count by their last checkpoint. */
  @MessagePattern(UsageQuerySubjects.spent)
  async spent(@Payload() query: unknown): Promise<UsageSpent> {
    const { by, id, from } = querySchema.parse(query);
    const column = by === 'user' ? 'user_id' : 'key_id';
    const [row] = await this.database.query<{ tokens: string }>(
      `SELECT coalesce(sum(coalesce(input_tokens, 0)::bigint + coalesce(output_tokens, 0)), 0) AS tokens
       FROM usage.requests WHERE ${column} = $1 AND created_at >= $2`,
      [id, from],
    );
    return { tokens: Number(row?.tokens ?? 0) };
  }
}
