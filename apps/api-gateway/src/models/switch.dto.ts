import { ApiProperty } from '@nestjs/swagger';
import {
  SWITCH_STATES,
  type Switch,
  type SwitchFailure,
  type SwitchMode,
  type SwitchOutcome,
  type SwitchPhase,
  type SwitchProgress,
  type SwitchState,
} from '#contracts/switching';
import { Text, WholeInQuery } from '../http/fields';

const OUTCOMES = ['ready', 'rolled_back', 'failed', 'cancelled'] as const satisfies readonly SwitchOutcome[];
const MODES = ['replace', 'side_by_side'] as const satisfies readonly SwitchMode[];

export class SwitchRequestDto {
  @Text({ max: 100, description: 'Name of a profile.', example: 'qwen3-14b-awq' })
  profile!: string;
}

export class SwitchAcceptedDto {
  @ApiProperty({ format: 'uuid' })
  switchId!: string;
}

const DEFAULT_LIMIT = 50;

export class SwitchesQueryDto {
  @Text({ optional: true, max: 200, description: '`nextCursor` of the page before.' })
  cursor?: string;

  @WholeInQuery({ optional: true, max: 200, description: `Items at most; ${DEFAULT_LIMIT} by default.` })
  limit: number = DEFAULT_LIMIT;
}

export class SwitchFailureDto implements SwitchFailure {
  @ApiProperty({ example: 'oom_at_load' })
  code!: string;

  @ApiProperty({ description: 'What happened.' })
  message!: string;

  @ApiProperty({ description: 'What to do about it.' })
  advice!: string;

  @ApiProperty({ type: [String], description: "Lines of the engine's log that show it." })
  logLines!: string[];
}

export class SwitchProgressDto implements SwitchProgress {
  @ApiProperty({ example: 'loading weights' })
  phase!: string;

  @ApiProperty({ description: '0 to 100.' })
  percent!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Seconds until it is ready, by earlier boots.' })
  readyInS!: number | null;
}

export class SwitchPhaseDto implements SwitchPhase {
  @ApiProperty({ enum: SWITCH_STATES, enumName: 'SwitchState' })
  name!: SwitchState;

  @ApiProperty({ description: 'How long it took, or has taken so far.' })
  ms!: number;
}

export class SwitchDto implements Switch {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Profile that was in force. Null: none.' })
  from!: string | null;

  @ApiProperty()
  to!: string;

  @ApiProperty({ enum: SWITCH_STATES, enumName: 'SwitchState' })
  state!: SwitchState;

  @ApiProperty({
    enum: MODES,
    enumName: 'SwitchMode',
    nullable: true,
    description: 'Whether the old engines end first, or run on until the new ones take over. Null: not decided yet.',
  })
  mode!: SwitchMode | null;

  @ApiProperty({ type: String, nullable: true, description: 'Id of the user; null: Tandem itself.' })
  requestedBy!: string | null;

  @ApiProperty({ format: 'date-time' })
  startedAt!: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  endedAt!: string | null;

  @ApiProperty({ enum: OUTCOMES, enumName: 'SwitchOutcome', nullable: true, description: 'Null while it runs.' })
  outcome!: SwitchOutcome | null;

  @ApiProperty({ type: SwitchFailureDto, nullable: true })
  failure!: SwitchFailureDto | null;

  @ApiProperty({ type: [SwitchPhaseDto] })
  phases!: SwitchPhaseDto[];

  @ApiProperty({ type: SwitchProgressDto, nullable: true })
  progress!: SwitchProgressDto | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'What was measured after the hand-over. Null: not yet, or nothing.',
  })
  benchmark!: Record<string, unknown> | null;
}
