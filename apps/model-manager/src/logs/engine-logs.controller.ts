import { EngineLogSubjects, type EngineLogQuery, type EngineLogTail } from '#contracts/engine-logs';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { EngineLogs } from './engine-logs.service';

/** The engines' logs by command. */
@Controller()
export class EngineLogsController {
  constructor(private readonly logs: EngineLogs) {}

  @MessagePattern(EngineLogSubjects.read)
  read(@Payload() query: EngineLogQuery): EngineLogTail {
    return this.logs.read(query);
  }
}
