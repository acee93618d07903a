import { Controller, Get } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  HintSubjects,
  type AskHintModels,
  type HintBackendStatus,
  type HintModels,
  type HintSettings,
  type HintStatus,
  type PutHintSettings,
} from '#contracts/hints';
import { HintPlacement } from './hint-placement';
import { HintServer } from './hint-server';
import { HintSettingsStore } from './hint-settings';

/** Commands about hints. */
@Controller()
export class HintsController {
  constructor(
    private readonly placement: HintPlacement,
    private readonly store: HintSettingsStore,
    private readonly server: HintServer,
  ) {}

  @MessagePattern(HintSubjects.status)
  status(): HintStatus {
    return this.placement.status();
  }

  /** For `./status`: on the service's own port, which is private. */
  @Get('hints')
  backend(): HintBackendStatus {
    return this.placement.backend();
  }

  @MessagePattern(HintSubjects.settings)
  settings(): HintSettings {
    return this.store.settings;
  }

  @MessagePattern(HintSubjects.put)
  put(@Payload() given: PutHintSettings): Promise<HintSettings> {
    return this.store.put(given);
  }

  @MessagePattern(HintSubjects.models)
  models(@Payload() ask: AskHintModels): Promise<HintModels> {
    return this.server.models(ask);
  }
}
