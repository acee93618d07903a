import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { Presence, WholeInQuery } from '../http/fields';

const DEFAULT_LINES = 200;

export class EngineLogQueryDto {
  @Presence({ optional: true })
  @IsIn(['true', 'false'], { message: 'it must be true or false' })
  @ApiProperty({ required: false, type: Boolean, description: 'Go on with what is added, as SSE.' })
  follow?: 'true' | 'false';

  @WholeInQuery({ optional: true, max: 2_000, description: `Lines of the end; ${DEFAULT_LINES} by default.` })
  lines: number = DEFAULT_LINES;
}

export class EngineLogDto {
  @ApiProperty({ type: [String] })
  lines!: string[];
}
