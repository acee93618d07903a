import { HardwareSubjects, type GpuState, type Hardware } from '#contracts/hardware';
import { ModelSubjects, type ModelsState } from '#contracts/models';
import { Controller, Get } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { HardwareMonitor } from '../hardware/hardware-monitor';
import type { EngineStatus } from './engine';
import { EnginesService } from './engines.service';

/** The state of the engines: by command for the services, and on the private port for `./status`. */
@Controller()
export class EnginesController {
  constructor(
    private readonly engines: EnginesService,
    private readonly hardware: HardwareMonitor,
  ) {}

  @MessagePattern(ModelSubjects.status)
  state(): ModelsState {
    return this.engines.state();
  }

  @MessagePattern(HardwareSubjects.get)
  gpus(): Hardware {
    return this.hardware.hardware();
  }

  @Get('status')
  status(): { profile: string | null; engines: EngineStatus[]; gpus: GpuState[] } {
    return { profile: this.engines.profile, engines: this.engines.status(), gpus: this.hardware.gpus };
  }
}
