import { Controller, Get } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { CodeSubjects, type BackendStatus, type CodeStatus } from '#contracts/code';
import { CodeTurns } from './code-turns';

/** Who answers the code assistant's requests. */
@Controller()
export class CodeController {
  constructor(private readonly turns: CodeTurns) {}

  @MessagePattern(CodeSubjects.status)
  status(): CodeStatus {
    return this.turns.status();
  }

  /** For `./status`: on the service's own port, which is private. */
  @Get('backend')
  backend(): BackendStatus {
    return this.turns.backend();
  }
}
