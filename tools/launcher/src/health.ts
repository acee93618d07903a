import { z } from 'zod';
import { postgresTakesSessions } from '#common/servers/probe';
import type { ServiceSpec } from './service-spec';

const PROBE_TIMEOUT_MS = 2_000;

export interface Probe {
  readonly ready: boolean;
  readonly waitingFor: string[];
}

const answerSchema = z.object({ waitingFor: z.array(z.string()).default([]) });

/** Asks a service whether it is ready. */
export async function probe(spec: Pick<ServiceSpec, 'health' | 'port'>): Promise<Probe> {
  if (spec.health.kind === 'postgres') {
    const { user, database } = spec.health;
    return { ready: await postgresTakesSessions(spec.port, user, database, PROBE_TIMEOUT_MS), waitingFor: [] };
  }
  try {
    const response = await fetch(spec.health.url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const text = await response.text();
    return { ready: response.ok, waitingFor: response.ok ? [] : waitingFor(text) };
  } catch {
    return { ready: false, waitingFor: [] }; // nobody listens yet, or it does not answer
  }
}

function waitingFor(text: string): string[] {
  try {
    return answerSchema.parse(JSON.parse(text)).waitingFor;
  } catch {
    return []; // not one of ours, or an error page
  }
}
