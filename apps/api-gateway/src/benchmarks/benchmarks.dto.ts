import { ApiProperty } from '@nestjs/swagger';
import {
  BENCHMARK_METRICS,
  BENCHMARK_REASONS,
  BENCHMARK_STATES,
  type AnswerScore,
  type BenchmarkChange,
  type BenchmarkComparison,
  type BenchmarkList,
  type BenchmarkLoad,
  type BenchmarkMetric,
  type BenchmarkQuery,
  type BenchmarkReason,
  type BenchmarkRun,
  type BenchmarkStart,
  type BenchmarkStarted,
  type BenchmarkState,
  type Spread,
} from '#contracts/benchmarks';
import { Text } from '../http/fields';

const Whole = (description?: string): PropertyDecorator =>
  ApiProperty({ type: 'integer', ...(description === undefined ? {} : { description }) });

export class BenchmarkStartDto implements BenchmarkStart {
  @Text({ optional: true, max: 100, description: 'The profile in force where it is absent; no other can be measured.' })
  profile?: string;
}

export class BenchmarkQueryDto implements BenchmarkQuery {
  @Text({ optional: true, max: 100, description: 'Of this profile only.' })
  profile?: string;
}

export class BenchmarkStartedDto implements BenchmarkStarted {
  @ApiProperty()
  benchmarkId!: string;
}

export class SpreadDto implements Spread {
  @ApiProperty()
  p50!: number;

  @ApiProperty()
  p95!: number;
}

export class BenchmarkLoadDto implements BenchmarkLoad {
  @Whole('At once: 1, 5 or 10.')
  users!: number;

  @Whole('Asked for: 128 or 2,048.')
  promptTokens!: number;

  @Whole('What the engine counted, on average.')
  measuredPromptTokens!: number;

  @Whole()
  requests!: number;

  @Whole()
  outputTokens!: number;

  @ApiProperty({ type: SpreadDto, description: 'Milliseconds to the first token.' })
  ttftMs!: SpreadDto;

  @ApiProperty({ type: SpreadDto, description: 'Milliseconds between tokens of one answer.' })
  timePerOutputTokenMs!: SpreadDto;

  @ApiProperty({ description: 'Of all users together.' })
  tokensPerSecond!: number;
}

export class AnswerScoreDto implements AnswerScore {
  @Whole()
  answers!: number;

  @ApiProperty({ description: 'Mean length.' })
  words!: number;

  @ApiProperty({ description: 'Mean length in tokens.' })
  outputTokens!: number;

  @ApiProperty({ description: 'Part of all four-word sequences that had been said before: 0 none, near 1 a loop.' })
  repetition!: number;

  @ApiProperty({ description: '0 to 100, higher is easier (Flesch).' })
  readability!: number;

  @ApiProperty({ description: 'Part of the characters that are text: far below 1 is garbage.' })
  cleanText!: number;

  @Whole('Answers that no working model writes.')
  suspicious!: number;
}

export class BenchmarkChangeDto implements BenchmarkChange {
  @ApiProperty({ enum: BENCHMARK_METRICS, enumName: 'BenchmarkMetric' })
  metric!: BenchmarkMetric;

  @Whole()
  users!: number;

  @Whole()
  promptTokens!: number;

  @ApiProperty()
  before!: number;

  @ApiProperty()
  after!: number;

  @ApiProperty({ description: 'Positive is better, whatever the metric.' })
  betterPercent!: number;

  @ApiProperty({ description: 'Worse by more than the threshold.' })
  regression!: boolean;
}

export class BenchmarkComparisonDto implements BenchmarkComparison {
  @ApiProperty({ description: 'The completed one before it of the same profile.' })
  previousId!: string;

  @ApiProperty({ description: 'Epoch milliseconds.' })
  previousEndedAt!: number;

  @ApiProperty({ type: [BenchmarkChangeDto] })
  changes!: BenchmarkChangeDto[];

  @Whole()
  regressions!: number;
}

export class BenchmarkRunDto implements BenchmarkRun {
  @ApiProperty()
  id!: string;

  @ApiProperty()
  profile!: string;

  @ApiProperty()
  model!: string;

  @ApiProperty({ description: 'Another one means other parameters or another version.' })
  fingerprint!: string;

  @ApiProperty({ enum: BENCHMARK_REASONS, enumName: 'BenchmarkReason' })
  reason!: BenchmarkReason;

  @ApiProperty({
    enum: BENCHMARK_STATES,
    enumName: 'BenchmarkState',
    description: '`skipped` and `stopped` made room for people, or were cancelled.',
  })
  state!: BenchmarkState;

  @ApiProperty({ type: String, nullable: true, description: 'Why it was not completed.' })
  why!: string | null;

  @ApiProperty({ description: 'Epoch milliseconds.' })
  startedAt!: number;

  @ApiProperty({ type: Number, nullable: true })
  endedAt!: number | null;

  @ApiProperty({ type: [BenchmarkLoadDto], description: 'Those that were measured.' })
  loads!: BenchmarkLoadDto[];

  @Whole('Loads in all.')
  plannedLoads!: number;

  @ApiProperty({ type: AnswerScoreDto, nullable: true, description: 'How answers to fixed questions read.' })
  answers!: AnswerScoreDto | null;

  @ApiProperty({ type: BenchmarkComparisonDto, nullable: true, description: 'Null for the first of a profile.' })
  comparison!: BenchmarkComparisonDto | null;
}

export class BenchmarkListDto implements BenchmarkList {
  @ApiProperty({ type: [BenchmarkRunDto] })
  items!: BenchmarkRunDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: there is one page.' })
  nextCursor!: null;
}
