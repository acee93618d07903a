import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsISO8601, Matches } from 'class-validator';
import { ENDPOINTS, OUTCOMES, type CountMethod, type Endpoint, type Outcome } from '#contracts/usage';
import { USAGE_GROUPS, type UsageGroup, type UsageRow } from '#contracts/usage-queries';
import { documented, Presence, Text, WholeInQuery } from '../http/fields';

/** A day, or RFC 3339 with an offset. A year of four digits: what Postgres and JavaScript both know. */
const MOMENT =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$/;

const Moment = (description: string): PropertyDecorator =>
  applyDecorators(
    Presence({ optional: true }),
    Matches(MOMENT, { message: 'it must be a day such as 2026-11-01, or a time such as 2026-11-01T09:30:00Z' }),
    IsISO8601({ strict: true }, { message: 'there is no such day' }),
    documented({ optional: true, description, example: '2026-11-01' }, { type: String }),
  );

/** Which requests are meant. */
export class UsageFilterDto {
  @Moment('Requests admitted at this time or later; a day begins at 00:00 UTC.')
  from?: string;

  @Moment('Requests admitted before this time; a day is included to its end (UTC).')
  to?: string;

  @Text({ optional: true, max: 200, description: "Only this user's (id). Others than one's own: admins." })
  user?: string;

  @Text({ optional: true, max: 200, description: 'Only those made with this API key (id).' })
  key?: string;

  @Text({ optional: true, max: 1_000, description: 'Only those to this model.' })
  model?: string;

  @Presence({ optional: true })
  @IsIn(OUTCOMES, { message: `it must be one of ${OUTCOMES.join(', ')}` })
  @ApiProperty({ required: false, enum: OUTCOMES, enumName: 'Outcome', description: 'Only those that ended so.' })
  outcome?: Outcome;
}

const DEFAULT_LIMIT = 50;

export class UsageRequestsQueryDto extends UsageFilterDto {
  @Text({ optional: true, max: 1_000, description: '`nextCursor` of the page before.' })
  cursor?: string;

  @WholeInQuery({ optional: true, max: 200, description: `Rows at most; ${DEFAULT_LIMIT} by default.` })
  limit: number = DEFAULT_LIMIT;
}

export class UsageSummaryQueryDto extends UsageFilterDto {
  @IsIn(USAGE_GROUPS, { message: `it must be one of ${USAGE_GROUPS.join(', ')}` })
  @ApiProperty({ enum: USAGE_GROUPS, enumName: 'UsageGroup', description: 'What there is a line for each of.' })
  groupBy!: UsageGroup;
}

export class UsageExportQueryDto extends UsageFilterDto {
  @Presence({ optional: true })
  @IsIn(['true', 'false'], { message: 'it must be true or false' })
  @ApiProperty({
    required: false,
    type: Boolean,
    description: 'Begin with a byte order mark, by which spreadsheets know UTF-8. Without it by default.',
  })
  bom?: 'true' | 'false';
}

const COUNT_METHODS = ['exact', 'counted', 'estimated', 'cached'] as const satisfies readonly CountMethod[];

const Figure = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'integer', nullable: true, description: `${description} Null while it runs.` });

/** One request, with the columns of the CSV. */
export class UsageRowDto implements UsageRow {
  @ApiProperty({ example: 'req_0123456789abcdef0123456789abcdef' })
  requestId!: string;

  @ApiProperty({ format: 'date-time', description: 'When it was admitted.' })
  createdAt!: string;

  @ApiProperty()
  userId!: string;

  @ApiProperty()
  userEmail!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Null: signed in with a password.' })
  keyId!: string | null;

  @ApiProperty({ enum: ENDPOINTS })
  endpoint!: Endpoint;

  @ApiProperty()
  model!: string;

  @ApiProperty({ type: String, nullable: true })
  profile!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Context length of the engine, in tokens.' })
  ctxLen!: number | null;

  @Figure('Tokens of the prompt.')
  inputTokens!: number | null;

  @Figure('Of these, found in the prefix cache.')
  cachedTokens!: number | null;

  @Figure('Tokens that were generated.')
  outputTokens!: number | null;

  @Figure('Of these, spent on reasoning.')
  reasoningTokens!: number | null;

  @Figure('Milliseconds until it was admitted to the engine.')
  queueMs!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Milliseconds to the first token. Null: there was none.',
  })
  ttftMs!: number | null;

  @Figure('Milliseconds in all.')
  latencyMs!: number | null;

  @Figure('What the client saw; 499 when it left.')
  statusCode!: number | null;

  @ApiProperty({ enum: OUTCOMES, enumName: 'Outcome', nullable: true, description: 'Null: it runs.' })
  outcome!: Outcome | null;

  @ApiProperty({
    enum: COUNT_METHODS,
    enumName: 'CountMethod',
    nullable: true,
    description:
      "`exact`: the engine's own counts; `counted`: tokens seen on the wire; `estimated`: neither; `cached`: no engine did anything.",
  })
  countMethod!: CountMethod | null;

  @ApiProperty({ type: String, nullable: true })
  errorCode!: string | null;

  @ApiProperty()
  stream!: boolean;
}
