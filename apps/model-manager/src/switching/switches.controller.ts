import {
  SwitchSubjects,
  type Switch,
  type SwitchAnswer,
  type SwitchCommand,
  type SwitchListQuery,
  type SwitchPage,
  type SwitchRef,
} from '#contracts/switching';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { SwitchesService } from './switches.service';

/** Switches by command. */
@Controller()
export class SwitchesController {
  constructor(private readonly switches: SwitchesService) {}

  @MessagePattern(SwitchSubjects.begin)
  begin(@Payload() command: SwitchCommand): Promise<SwitchAnswer> {
    return this.switches.switch(command);
  }

  @MessagePattern(SwitchSubjects.cancel)
  cancel(@Payload() { id }: SwitchRef): Switch {
    return this.switches.cancel(id);
  }

  @MessagePattern(SwitchSubjects.list)
  list(@Payload() query: SwitchListQuery): SwitchPage {
    return this.switches.list(query);
  }

  @MessagePattern(SwitchSubjects.get)
  get(@Payload() { id }: SwitchRef): Switch {
    return this.switches.get(id);
  }
}
