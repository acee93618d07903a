import { ApiProperty } from '@nestjs/swagger';
import type { Percentiles, UsageFigures, UsageGroup, UsageSummary, UsageSummaryItem } from '#contracts/usage-queries';

class PercentilesDto implements Percentiles {
  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds.' })
  p50!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds.' })
  p95!: number | null;
}

/** Sums over requests that ended. */
class UsageFiguresDto implements UsageFigures {
  @ApiProperty({ type: 'integer', description: 'That ended; one counts when it does.' })
  requests!: number;

  @ApiProperty({ type: 'integer', description: 'Of these, neither completed nor cancelled by the client.' })
  errors!: number;

  @ApiProperty({ description: '`errors / requests`.', example: 0.01 })
  errorRate!: number;

  @ApiProperty({ type: 'integer' })
  inputTokens!: number;

  @ApiProperty({ type: 'integer' })
  cachedTokens!: number;

  @ApiProperty({ type: 'integer' })
  outputTokens!: number;

  @ApiProperty({ type: 'integer' })
  reasoningTokens!: number;

  @ApiProperty()
  latencyMs!: PercentilesDto;

  @ApiProperty()
  ttftMs!: PercentilesDto;
}

/** One line of a summary; which of the first five it has depends on `groupBy`. */
class UsageSummaryItemDto extends UsageFiguresDto {
  @ApiProperty({ required: false })
  userId?: string;

  @ApiProperty({ required: false, type: String, nullable: true, description: 'Null or empty: the user is deleted.' })
  userEmail?: string | null;

  @ApiProperty({ required: false, type: String, nullable: true, description: 'Null: signed in with a password.' })
  keyId?: string | null;

  @ApiProperty({ required: false })
  model?: string;

  @ApiProperty({ required: false, format: 'date', description: 'Of UTC.' })
  day?: string;
}

export class UsageSummaryDto {
  @ApiProperty({
    type: [UsageSummaryItemDto],
    description: 'Days in order, else the most requests first. At most 1,000.',
  })
  items!: UsageSummaryItemDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: a summary has one page.' })
  nextCursor!: null;

  @ApiProperty({ type: 'integer', description: 'How many there are, also of those that are not listed.' })
  groups!: number;

  @ApiProperty({ description: 'Over all of them.' })
  total!: UsageFiguresDto;

  @ApiProperty({
    example: 0.05,
    description:
      'How far a percentile may be from the exact one, relatively. 0 for ranges up to two days; longer ones are read ' +
      'from the rollup of each day. Sums are always exact.',
  })
  percentileError!: number;
}

const FIELD = { user: 'userId', key: 'keyId', model: 'model', day: 'day' } as const satisfies Record<
  UsageGroup,
  string
>;

export function toSummaryDto(
  groupBy: UsageGroup,
  { items, groups, total, percentileError }: UsageSummary,
): UsageSummaryDto {
  const named = ({ group, ...figures }: UsageSummaryItem): UsageSummaryItemDto =>
    Object.assign({ [FIELD[groupBy]]: group }, figures);
  return { items: items.map(named), nextCursor: null, groups, total, percentileError };
}
