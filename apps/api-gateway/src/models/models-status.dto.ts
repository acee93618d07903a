import { ApiProperty } from '@nestjs/swagger';
import { BACKENDS, type Backend, type BackendStatus } from '#contracts/code';
import { HINT_MODES, type HintBackendStatus, type HintMode } from '#contracts/hints';
import type { EngineAnnouncement, EngineState, ServedModel } from '#contracts/models';
import { SwitchDto } from './switch.dto';
import { AlertDto } from '../benchmarks/alerts.dto';

/** `degraded`: an engine serves and another does not. `unknown`: model-manager has said nothing yet. */
export const MODELS_STATES = [
  'ready',
  'switching',
  'loading',
  'degraded',
  'draining',
  'failed',
  'stopped',
  'unknown',
] as const;
export type ModelsStateKind = (typeof MODELS_STATES)[number];

const ENGINE_STATES = [
  'stopped',
  'loading',
  'ready',
  'draining',
  'failed',
] as const satisfies readonly EngineState['kind'][];

export class ServedModelDto implements ServedModel {
  @ApiProperty()
  id!: string;

  @ApiProperty({ type: [String], description: 'Other names that mean this model.' })
  aliases!: string[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Context length in tokens.' })
  maxModelLen!: number | null;

  @ApiProperty({ type: 'integer', description: "Epoch seconds, as OpenAI's `created`." })
  created!: number;
}

export class EngineViewDto {
  @ApiProperty({ example: 'vllm-0' })
  id!: string;

  @ApiProperty({ type: String })
  driver!: EngineAnnouncement['driver'];

  @ApiProperty({ type: String, nullable: true })
  profile!: string | null;

  @ApiProperty({ enum: ENGINE_STATES, enumName: 'EngineStateKind' })
  state!: EngineState['kind'];

  @ApiProperty({ type: String, nullable: true, description: 'Of an engine that loads, in words.' })
  phase!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: '0 to 100, of an engine that loads.' })
  percent!: number | null;

  @ApiProperty({ type: String, nullable: true, description: 'Of an engine that failed.' })
  cause!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What happened, and what to do.' })
  message!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When it is tried again.' })
  retryAt!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readySince!: string | null;

  @ApiProperty({ type: [ServedModelDto] })
  models!: ServedModelDto[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Sequences that it runs at once.' })
  maxNumSeqs!: number | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What it has less than its profile says, since memory ran out. Null: nothing.',
    example: 'maxModelLen: 4096',
  })
  steppedDown!: string | null;
}

export class QueueDto {
  @ApiProperty({ type: 'integer', description: 'Requests that wait for an engine.' })
  waiting!: number;

  @ApiProperty({ type: 'integer' })
  running!: number;
}

export class BackendDto implements BackendStatus {
  @ApiProperty({ enum: BACKENDS, enumName: 'Backend', nullable: true, description: 'Null: nobody would answer.' })
  backend!: Backend | null;

  @ApiProperty({ type: String, nullable: true, description: 'Its model.' })
  model!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the engines of this installation would not answer.' })
  reason!: string | null;
}

export class HintBackendDto implements HintBackendStatus {
  @ApiProperty({ enum: HINT_MODES, enumName: 'HintMode', description: 'As an admin has set it.' })
  mode!: HintMode;

  @ApiProperty({ enum: BACKENDS, enumName: 'Backend', nullable: true, description: 'Null: nobody would.' })
  backend!: Backend | null;

  @ApiProperty({ type: String, nullable: true, description: 'Its model; `rules` where none is asked.' })
  model!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the backend of the mode would not.' })
  reason!: string | null;
}

export class ModelsStatusDto {
  @ApiProperty({ enum: MODELS_STATES, enumName: 'ModelsStateKind' })
  state!: ModelsStateKind;

  @ApiProperty({ type: String, nullable: true, description: 'The profile in force: what the model `default` means.' })
  profile!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'What the engine that is waited for does.' })
  phase!: string | null;

  @ApiProperty({ type: Number, nullable: true, description: '0 to 100.' })
  percent!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'Seconds until it is ready, by earlier boots.' })
  readyInS!: number | null;

  @ApiProperty({ type: SwitchDto, nullable: true, description: 'The switch that runs.' })
  switch!: SwitchDto | null;

  @ApiProperty({ type: QueueDto })
  queue!: QueueDto;

  @ApiProperty({
    type: BackendDto,
    nullable: true,
    description: 'Who would answer the code assistant now. Null: no chat-service is heard.',
  })
  backend!: BackendDto | null;

  @ApiProperty({
    type: HintBackendDto,
    nullable: true,
    description: 'Who would give hints now. Null: no chat-service is heard.',
  })
  hints!: HintBackendDto | null;

  @ApiProperty({ type: [EngineViewDto] })
  engines!: EngineViewDto[];

  @ApiProperty({ type: [AlertDto], description: 'Those that are on.' })
  alerts!: AlertDto[];
}
