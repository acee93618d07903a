import type { Bus } from '#common/bus';
import type { Switch } from '#contracts/switching';
import type { Logger } from 'nestjs-pino';
import { KeptDocuments } from '../storage/kept-documents';
import type { FleetRecord } from './fleet-record';

const SWITCHES_BUCKET = 'models-switches';
const FLEET_BUCKET = 'models-fleet';
const FLEET_KEY = 'fleet';
/** A step of a switch waits so long to be kept; with JetStream away it goes on, for people wait for the model. */
const KEEP_LIMIT_MS = 2_000;

/** What outlives model-manager: the profile in force, the switch under way, and the switches before. */
export class FleetStore {
  private readonly switches: KeptDocuments;
  private readonly fleet: KeptDocuments;

  constructor(bus: Bus, logger: Pick<Logger, 'warn'>) {
    this.switches = new KeptDocuments(bus, SWITCHES_BUCKET, logger);
    this.fleet = new KeptDocuments(bus, FLEET_BUCKET, logger);
  }

  async readFleet(): Promise<unknown> {
    return (await this.fleet.read()).get(FLEET_KEY) ?? null;
  }

  async readHistory(): Promise<Switch[]> {
    return [...(await this.switches.read()).values()] as Switch[];
  }

  async keepFleet(record: FleetRecord): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, KEEP_LIMIT_MS)));
    await Promise.race([this.fleet.put(FLEET_KEY, record), limit]);
    clearTimeout(timer);
  }

  keepSwitch(document: Switch): Promise<void> {
    return this.switches.put(document.id, document);
  }

  forgetSwitch(id: string): Promise<void> {
    return this.switches.remove(id);
  }

  end(): void {
    this.switches.end();
    this.fleet.end();
  }
}
