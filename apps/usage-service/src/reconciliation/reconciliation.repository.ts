import type { EngineCounters } from '#contracts/models';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Drift, LedgerSums } from './settled-counters';

const SUMS = `
  SELECT (requests_admitted - requests_ended)::float8 AS "requestsOpen",
    ledger_prompt_tokens::float8 AS "promptTokens", ledger_generation_tokens::float8 AS "generationTokens",
    retried_prompt_tokens::float8 AS "retriedPromptTokens"
  FROM usage.engine_lives WHERE engine_life = $1`;

const NOTE_DRIFT = `
  INSERT INTO usage.engine_lives AS life
    (engine_life, engine_id, engine_prompt_tokens, engine_generation_tokens, drift_prompt_tokens, drift_generation_tokens, settled_at)
  VALUES ($1, $2, $3, $4, $5, $6, now())
  ON CONFLICT (engine_life) DO UPDATE SET
    engine_id = EXCLUDED.engine_id,
    engine_prompt_tokens = EXCLUDED.engine_prompt_tokens,
    engine_generation_tokens = EXCLUDED.engine_generation_tokens,
    drift_prompt_tokens = EXCLUDED.drift_prompt_tokens,
    drift_generation_tokens = EXCLUDED.drift_generation_tokens,
    settled_at = now(), updated_at = now()`;

/** The table of engine lives: what the ledger has of each, and how far that was from the engine's own counts. */
@Injectable()
export class ReconciliationRepository {
  constructor(private readonly database: DataSource) {}

  async sums(engineLife: string): Promise<LedgerSums> {
    const [sums] = await this.database.query<LedgerSums[]>(SUMS, [engineLife]);
    return sums ?? { requestsOpen: 0, promptTokens: 0, generationTokens: 0, retriedPromptTokens: 0 };
  }

  async noteDrift(counters: EngineCounters, drift: Drift): Promise<void> {
    await this.database.query(NOTE_DRIFT, [
      counters.engineLife,
      counters.engineId,
      counters.promptTokens,
      counters.generationTokens,
      drift.promptTokens,
      drift.generationTokens,
    ]);
  }
}
