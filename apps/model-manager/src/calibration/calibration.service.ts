import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Calibrated } from '../fit/check-profile';
import type { EngineSettings } from '../profiles/profile';
import type { BootFigures } from './boot-figures';
import type { BootStore } from './boot-store';
import type { Calibrator } from './calibrator';

/** Measured boots: kept while the service runs, and stored for the next. */
@Injectable()
export class CalibrationService implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly store: BootStore,
    private readonly calibrator: Calibrator,
  ) {}

  onApplicationBootstrap(): void {
    this.store.begin();
  }

  onModuleDestroy(): void {
    this.store.end();
  }

  record(profile: string, engine: EngineSettings, index: number, figures: BootFigures): void {
    this.calibrator.record(profile, engine, index, figures);
  }

  measured(profile: string, engine: EngineSettings, index: number): Calibrated | null {
    return this.calibrator.measured(profile, engine, index);
  }
}
