import { createHash } from 'node:crypto';
import type { Switch } from '#contracts/switching';
import { z } from 'zod';
import type { EngineSetPlan } from '../engines/engine-set';
import { profileSchema, type Profile } from '../profiles/profile';
import type { MachineState } from './machine-model';

/** What a model-manager that starts must know: what is in force, and a switch that was under way. */
export interface FleetRecord {
  version: typeof VERSION;
  /** Of the default profile as it was configured: when that changes, the operator has chosen anew. */
  configured: string;
  inForce: EngineSetPlan;
  switch: SwitchRecord | null;
  /** Profiles that Tandem has left or tried by itself since somebody chose one; none of them is tried again. */
  tried: string[];
  /** How long the last boot of each profile took, in milliseconds. */
  loadMs: Record<string, number>;
}

export interface SwitchRecord {
  document: Switch;
  state: MachineState;
  from: EngineSetPlan | null;
  to: EngineSetPlan;
}

/** Of this file; a record of another one is not understood. */
const VERSION = 1;

const planSchema = z.object({ profile: profileSchema, ids: z.array(z.string()) });
const recordSchema = z.object({
  version: z.literal(VERSION),
  configured: z.string(),
  inForce: planSchema,
  switch: z
    .object({
      document: z.custom<Switch>((value) => typeof value === 'object'),
      state: z.custom<MachineState>((value) => typeof value === 'object'),
      from: planSchema.nullable(),
      to: planSchema,
    })
    .nullable(),
  // Absent in a record of the version before.
  tried: z.array(z.string()).default([]),
  loadMs: z.record(z.string(), z.number()),
});

/** Null for one of another version, or none. */
export function readFleetRecord(value: unknown): FleetRecord | null {
  const parsed = recordSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

export function newFleetRecord(configured: Profile, ids: string[]): FleetRecord {
  return {
    version: VERSION,
    configured: profileDigest(configured),
    inForce: { profile: configured, ids },
    switch: null,
    tried: [],
    loadMs: {},
  };
}

export function profileDigest(profile: Profile): string {
  return createHash('sha256').update(JSON.stringify(profile)).digest('hex');
}
