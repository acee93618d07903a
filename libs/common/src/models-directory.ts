import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Kvm } from '@nats-io/kv';
import { MODELS_BUCKET, MODELS_STATE_KEY, ModelSubjects, type ModelsState } from '#contracts/models';
import { Bus } from './bus';
import { Readiness } from './readiness';

/** The engines as model-manager announced them last. One that starts late reads the kept state; an older one never wins. */
@Injectable()
export class ModelsDirectory implements OnModuleInit {
  private current: ModelsState | null = null;
  private readonly listeners: (() => void)[] = [];

  constructor(
    private readonly bus: Bus,
    readiness: Readiness,
  ) {
    readiness.add('model-manager', () => this.current !== null);
  }

  /** Null until the first announcement was heard. */
  get state(): ModelsState | null {
    return this.current;
  }

  /** Called after each announcement that says something new. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  async onModuleInit(): Promise<void> {
    this.bus.subscribe(ModelSubjects.state, (message) => this.take(message.json<ModelsState>()));
    const kept = await this.readKept();
    if (kept !== null) this.take(kept);
  }

  private take(state: ModelsState): void {
    if (this.current !== null && state.revision <= this.current.revision) return;
    this.current = state;
    for (const listener of this.listeners) listener();
  }

  /** Null when nobody has announced anything yet: the bucket is model-manager's to make. */
  private async readKept(): Promise<ModelsState | null> {
    try {
      const bucket = await new Kvm(this.bus.connection).open(MODELS_BUCKET, { allow_direct: false });
      const entry = await bucket.get(MODELS_STATE_KEY);
      return entry === null || entry.length === 0 ? null : entry.json<ModelsState>();
    } catch (error) {
      // No JetStream or no bucket yet: the next announcement comes within seconds.
      if (error instanceof Error) return null;
      throw error;
    }
  }
}
