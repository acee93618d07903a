import type { EngineAnnouncement } from '#contracts/models';

/** What GET /status says of an engine. */
export interface EngineStatus {
  id: string;
  state: EngineAnnouncement['state']['kind'];
  /** Of a loading engine. */
  phase: string | null;
  percent: number | null;
  /** Of a failed engine: what happened and what to do. */
  cause: string | null;
  message: string | null;
  model: string | null;
  url: string | null;
  port: number | null;
  pid: number | null;
  uptimeS: number | null;
}

/** An engine in our care, whatever drives it. */
export interface Engine {
  readonly id: string;
  /** Begins the care; `onChange` is called whenever the announcement changed. */
  begin(onChange: () => void): void;
  announcement(): EngineAnnouncement;
  status(): EngineStatus;
  /** Ends the care; engines that were started here end with it. */
  end(): Promise<void>;
}
