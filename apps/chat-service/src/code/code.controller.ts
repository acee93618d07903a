import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { CodeSubjects, type CodeStatus } from '#contracts/code';
import { CodeTurns } from './code-turns';

/** Commands about the code assistant. */
@Controller()
export class CodeController {
  constructor(private readonly turns: CodeTurns) {}

  @MessagePattern(CodeSubjects.status)
  status(): CodeStatus {
    return this.turns.status();
  }
}
