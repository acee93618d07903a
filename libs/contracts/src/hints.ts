/** Hints for coding exercises: what goes beside a generate request of `/api/v1/hints`, its answers, and the admin's settings. */
import { z } from 'zod';
import type { Backend, CodeUsage } from './code';

/** How deep a hint goes: a question, a nudge to the place, what kind of thing is wrong there. Never the solution. */
export const HINT_LEVELS = [1, 2, 3] as const;
export type HintLevel = (typeof HINT_LEVELS)[number];

/** Languages in which hints are given. */
export const HINT_LOCALES = ['en', 'ko'] as const;
export type HintLocale = (typeof HINT_LOCALES)[number];

/** Who gives hints: the engines of this installation, another OpenAI-compatible server, or rules without a model. */
export const HINT_MODES = ['vllm', 'api', 'local'] as const;
export type HintMode = (typeof HINT_MODES)[number];

/** The body of a generate request with `hint`; checked by the gateway. */
export interface HintBody {
  problem: string;
  code: string;
  language: string | null;
}

export interface HintTurn {
  level: HintLevel;
  locale: HintLocale;
}

/** What a template may let a model write for one hint, tokens. Reserved where there is a limit. */
export const MAX_HINT_TOKENS = 512;

/**
 * What became of the answer of a model: it gave nothing away (`passed`), it did, and was asked once more (`asked_again`), or it
 * did twice and a hint of ours stands in its place (`replaced`). Hints of the rules are `passed`.
 */
export const HINT_CHECKS = ['passed', 'asked_again', 'replaced'] as const;
export type HintCheck = (typeof HINT_CHECKS)[number];

/** Data of the event `meta`, which comes before the hint. */
export interface HintMeta {
  requestId: string;
  /** Who wrote the hint: `local` for one of ours, also where an engine was asked first. */
  backend: Backend;
  /** The model that was asked; `rules` where none was. */
  model: string;
  level: HintLevel;
  locale: HintLocale;
  language: string | null;
  /** Name and version of the template: `hint@1`, `rules@1`. */
  template: string;
  /** Characters of problem and code that were left out of the prompt. */
  droppedChars: number;
  check: HintCheck;
}

/** The body of an answer that does not stream. */
export interface HintAnswer extends HintMeta {
  hint: string;
  usage: CodeUsage | null;
}

export const HintSubjects = {
  /** Request/reply: who would give a hint now. */
  status: 'hints.v1.status',
  /** Request/reply: the settings in force, without the key. */
  settings: 'hints.v1.settings',
  /** Request/reply: checks settings and puts them in force everywhere. */
  put: 'hints.v1.put',
  /** Request/reply: asks another server which models it has. */
  models: 'hints.v1.models',
} as const;

/** JetStream KV bucket and key of the settings. */
export const HINTS_BUCKET = 'hints';
export const HINT_SETTINGS_KEY = 'settings';

const apiSchema = z.strictObject({
  url: z.string().min(1).max(2_000),
  model: z.string().trim().min(1).max(256),
  /** Left out: the one that is stored, where the URL still is the same server's. Null: none. */
  key: z
    .string()
    .min(1)
    .max(4_096)
    .regex(/^[\x21-\x7e]+$/, 'holds characters that no header takes')
    .nullish(),
});

export const hintSettingsSchema = z.strictObject({
  mode: z.enum(HINT_MODES),
  /** The rules give the hint where the model of the mode cannot be had; it says so. */
  localWhenAway: z.boolean(),
  /** Of the mode `vllm`; null: the model in force. */
  model: z.string().trim().min(1).max(256).nullable(),
  api: apiSchema.nullable(),
});
export type PutHintSettings = z.output<typeof hintSettingsSchema>;

/** What is in force. The key of another server never leaves chat-service. */
export interface HintSettings {
  mode: HintMode;
  localWhenAway: boolean;
  model: string | null;
  api: { url: string; model: string; hasKey: boolean } | null;
  /** Null: nobody has set anything yet. */
  updatedAt: string | null;
  /** False: chat-service has no SETTINGS_ENCRYPTION_KEY, so that no key of another server can be stored. */
  takesKeys: boolean;
}

/** Who would give a hint now. */
export interface HintBackendStatus {
  mode: HintMode;
  /** Null: nobody. */
  backend: Backend | null;
  model: string | null;
  /** Why the backend of the mode would not. */
  reason: string | null;
}

export interface HintStatus extends HintBackendStatus {
  /** What is asked for in the mode `vllm`: a key that is limited to some models has to be allowed it. Null: no model is. */
  wanted: string | null;
}

/** Of another server, whose models are asked for; the stored key where `key` is left out. */
export const hintModelsSchema = z.strictObject({ url: apiSchema.shape.url, key: apiSchema.shape.key });
export type AskHintModels = z.output<typeof hintModelsSchema>;

export interface HintModels {
  models: string[];
}
