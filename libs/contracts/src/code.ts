/** The code assistant: what goes beside a generate request of `/api/v1/code/generate`, and what its answers look like. */

export const CODE_MODEL_TYPES = ['autocomplete', 'prompt', 'comment', 'error_fix'] as const;
/** What is asked for; each has its own template (`prompts/code/`). */
export type CodeModelType = (typeof CODE_MODEL_TYPES)[number];

/** Who gave an answer: an engine of this installation, another server that the configuration allows, or rules. */
export const BACKENDS = ['vllm', 'fallback', 'local'] as const;
export type Backend = (typeof BACKENDS)[number];
export const BACKEND_HEADER = 'x-tandem-backend';

/** How text is gathered into chunks (chat-service's code/chunk-buffer.ts). */
export interface ChunkSettings {
  minChars: number;
  maxDelayMs: number;
}

/** The most that a request or a key may ask for. */
export const MAX_CHUNK_CHARS = 4_096;
export const MAX_CHUNK_DELAY_MS = 1_000;

/** The body of a generate request with `code`; checked by the gateway. */
export interface CodeBody {
  prompt: string;
  language: string | null;
  prefix: string;
  suffix: string;
  selection: string;
  error: string;
  temperature: number | null;
  maxTokens: number | null;
}

/** What a template may let a model write, and a model that thinks may think; tokens. Reserved where there is a limit. */
export const MAX_CODE_TOKENS = 2_048;
export const MAX_THINKING_TOKENS = 2_048;

export interface CodeTurn {
  modelType: CodeModelType;
  /** Null, and what it leaves out: as chat-service is configured. */
  chunks: Partial<ChunkSettings> | null;
  /** Another server may answer where no engine of this installation does: neither client nor key says otherwise. */
  mayFallBack: boolean;
}

/** Data of the event `meta`, which comes before the first chunk. */
export interface CodeMeta {
  requestId: string;
  backend: Backend;
  /** The model that answers. */
  model: string;
  modelType: CodeModelType;
  language: string | null;
  /** Name and version of the prompt template, or of the fill-in-the-middle form: `prompt@1`, `fim@1`. */
  template: string;
  /** Characters around the cursor that were left out. */
  droppedChars: number;
}

export interface CodeUsage {
  inputTokens: number;
  outputTokens: number;
}

/** The body of an answer that does not stream. */
export interface CodeAnswer extends CodeMeta {
  code: string;
  /** The engine's word for why it ended: `stop`, `length`. */
  finishReason: string | null;
  usage: CodeUsage | null;
}

export const CodeSubjects = {
  /** Request/reply: who would serve now, and what each model can do. */
  status: 'code.v1.status',
} as const;

export interface CodeModel {
  /** The name to ask for. */
  id: string;
  backend: Backend;
  contextTokens: number | null;
  /** Autocomplete uses the model's own tokens for a text with a gap. */
  fillInTheMiddle: boolean;
}

/** Who would answer now. */
export interface BackendStatus {
  /** Null: nobody. */
  backend: Backend | null;
  /** Of that backend. */
  model: string | null;
  /** Why the engines of this installation would not answer; null when they would. */
  reason: string | null;
}

export interface CodeStatus extends BackendStatus {
  models: CodeModel[];
  /** By type, the version of its template. */
  templates: Record<CodeModelType, number>;
}
