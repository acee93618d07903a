import { UsageSubjects, type DeadLettersReplayed } from '#contracts/usage';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { DeadLetters } from './dead-letters';

/** What an operator does about dead letters. */
@Controller()
export class DeadLettersController {
  constructor(private readonly letters: DeadLetters) {}

  @MessagePattern(UsageSubjects.replayDeadLetters)
  async replay(): Promise<DeadLettersReplayed> {
    return { replayed: await this.letters.replay() };
  }
}
