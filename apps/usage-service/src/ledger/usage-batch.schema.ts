import { ENDPOINTS, OUTCOMES, type UsageEvent } from '#contracts/usage';
import type { WitnessedEnd } from '#contracts/witnessed-ends';
import { z } from 'zod';

/** Postgres' text holds neither NUL nor half a surrogate pair; a client's model name may. */
const text = z.string().transform((value) => value.toWellFormed().replaceAll('\u0000', '\uFFFD'));
/** Postgres' integer: no request has as many tokens, or lasts as long (24 days). */
const MAX_INTEGER = 2_147_483_647;
const tokens = z.number().int().min(0).max(MAX_INTEGER);
const durationMs = z.number().min(0).max(MAX_INTEGER).transform(Math.round);
/** Until the year 2100: beyond it is a fault and no clock. */
const epochMs = z.number().min(0).max(4_102_444_799_999);

const requestId = text.pipe(z.string().min(1));

const facts = {
  requestId,
  owner: text,
  createdAt: epochMs,
  userId: text,
  userEmail: text,
  keyId: text.nullable(),
  endpoint: z.enum(ENDPOINTS),
  model: text,
  profile: text.nullable(),
  ctxLen: z.number().int().min(0).max(MAX_INTEGER).nullable(),
  stream: z.boolean(),
  // Events of an older chat-service may still be in the stream at an upgrade.
  choices: z.number().int().min(1).max(32_767).default(1),
  engineLife: text.nullable().default(null),
  triedEngineLife: text.optional(),
};

const counts = {
  inputTokens: tokens,
  cachedTokens: tokens,
  outputTokens: tokens,
  reasoningTokens: tokens,
  countMethod: z.enum(['exact', 'counted', 'estimated', 'cached']),
};

const times = {
  queueMs: durationMs,
  ttftMs: durationMs.nullable(),
  latencyMs: durationMs,
};

const ending = {
  statusCode: z.number().int().min(100).max(999),
  outcome: z.enum(OUTCOMES),
  errorCode: text.nullable(),
};

const usageEventSchema: z.ZodType<UsageEvent> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), ...facts }),
  z.object({ kind: z.literal('checkpoint'), ...facts, ...counts, ...times }),
  z.object({ kind: z.literal('finished'), ...facts, ...counts, ...times, ...ending }),
]);

const witnessedSchema: z.ZodType<WitnessedEnd> = z.object({ requestId, ...counts, ...times });

const batchSchema = z.object({ events: z.array(z.unknown()) });

/** What one message holds: the events that are good, and what is wrong with the rest. */
export interface ReadBatch {
  events: UsageEvent[];
  /** Null when every event is good. The first fault stands for all. */
  fault: string | null;
}

export function readUsageBatch(data: Uint8Array): ReadBatch {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return { events: [], fault: 'is no JSON' };
  }
  const batch = batchSchema.safeParse(value);
  if (!batch.success) return { events: [], fault: 'is no batch of usage events' };
  const events: UsageEvent[] = [];
  let fault: string | null = null;
  for (const [index, raw] of batch.data.events.entries()) {
    const event = usageEventSchema.safeParse(raw);
    if (event.success) events.push(event.data);
    else fault ??= `events[${index}]: ${issueText(event.error)}`;
  }
  return { events, fault };
}

/** The ends that a gateway has seen, without those that are none: it may be of another version. */
export function readWitnessedEnds(value: unknown): WitnessedEnd[] {
  return Array.isArray(value)
    ? value.map((one) => witnessedSchema.safeParse(one)).flatMap(({ data }) => (data === undefined ? [] : [data]))
    : [];
}

function issueText(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'is invalid' : `${issue.path.join('.')}: ${issue.message}`;
}
