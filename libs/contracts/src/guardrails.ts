/** What texts may not hold, on their way in and out: set by admins, kept in JetStream, read by every chat-service. */
import { z } from 'zod';

export const GuardrailSubjects = {
  /** Request/reply: all policies. */
  list: 'guardrails.v1.list',
  /** Request/reply: checks a policy and puts it in force. */
  put: 'guardrails.v1.put',
  remove: 'guardrails.v1.remove',
  /** Something was found in a request or an answer. Core NATS; one gateway writes it into the audit. */
  found: 'guardrails.v1.found',
} as const;

/** JetStream KV bucket: one policy a key. */
export const GUARDRAILS_BUCKET = 'guardrails';
/** The scope that holds for everybody; any other is the id of an API key. */
export const DEPLOYMENT_SCOPE = 'deployment';

export const GUARD_ACTIONS = ['block', 'mask', 'flag'] as const;
export type GuardAction = (typeof GUARD_ACTIONS)[number];

const MAX_LISTS = 50;
/** Below NATS's max_payload (8 MiB in every deployment of ours). */
const MAX_LIST_CHARS = 1_000_000;

const listSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  kind: z.enum(['words', 'patterns']),
  action: z.enum(GUARD_ACTIONS),
  on: z.enum(['input', 'output', 'both']),
  /** One a line; empty lines and those that begin with `#` say nothing. */
  text: z.string().max(MAX_LIST_CHARS),
});

export const guardPolicySchema = z.strictObject({
  lists: z.array(listSchema).max(MAX_LISTS),
  /** E-mail addresses, phone, resident and card numbers, IBANs in answers are masked. In logs they always are. */
  maskPiiInAnswers: z.boolean(),
  injection: z.strictObject({
    /** Texts that are known from attempts to take over the instructions are counted and put into the audit. */
    flag: z.boolean(),
    /** The system prompt stands apart from what the user wrote, and is repeated behind it. */
    repeatSystemPrompt: z.boolean(),
  }),
});

export type GuardList = z.output<typeof listSchema>;
export type GuardPolicy = z.output<typeof guardPolicySchema>;

export interface StoredGuardPolicy extends GuardPolicy {
  scope: string;
  updatedAt: string;
}

export interface PutGuardPolicy {
  scope: string;
  policy: GuardPolicy;
}

/** What was found, without the text: one for a request and rule. */
export interface GuardFound {
  requestId: string;
  userId: string;
  userEmail: string;
  keyId: string | null;
  direction: 'input' | 'output';
  kind: 'word' | 'pattern' | 'pii' | 'injection';
  action: GuardAction;
  /** Scope, list and line. */
  rule: string;
}
