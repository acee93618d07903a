import { Inject, Injectable } from '@nestjs/common';
import {
  BACKEND_HEADER,
  CODE_MODEL_TYPES,
  type CodeBody,
  type CodeMeta,
  type CodeModel,
  type CodeModelType,
  type CodeStatus,
  type CodeTurn,
} from '#contracts/code';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import { DEFAULT_MODEL, isComing, isReady } from '#contracts/models';
import { ModelsDirectory } from '#common/models-directory';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { EngineRouter, whyNotReady, type Route } from '../engines/engine-router';
import type { PreparedTurn } from '../generation/chat-turns';
import { CodeFactsBook } from './code-facts';
import { codePrompt } from './code-prompt';
import { CodeStream, WholeCode } from './code-stream';
import { readTemplates } from './prompt-templates';

/** What the code assistant does around a generation: makes the prompt, takes the code out of the answer. */
@Injectable()
export class CodeTurns {
  private readonly templates;
  private readonly facts;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly router: EngineRouter,
    private readonly directory: ModelsDirectory,
  ) {
    this.templates = readTemplates(config.codePromptsDirectory);
    this.facts = new CodeFactsBook(config.modelsDirectory);
  }

  /** The request has an engine: what it shall read, and how its answer is read. */
  prepare(head: GenerateRequest, turn: CodeTurn, body: Uint8Array, { model }: Route): PreparedTurn {
    const request = JSON.parse(Buffer.from(body).toString('utf8')) as CodeBody;
    const { modelType } = turn;
    const prompt = codePrompt(modelType, request, this.templates[modelType], this.facts.find(model.servedName));
    const meta: CodeMeta = {
      requestId: head.requestId,
      backend: 'vllm',
      model: model.servedName,
      modelType,
      language: request.language,
      template: prompt.template,
      droppedChars: prompt.droppedChars,
    };
    const chunks = {
      minChars: turn.chunks?.minChars ?? this.config.CODE_CHUNK_CHARS,
      maxDelayMs: turn.chunks?.maxDelayMs ?? this.config.CODE_CHUNK_DELAY_MS,
    };
    return {
      body: Buffer.from(JSON.stringify(prompt.body)),
      path: prompt.path,
      frame: {
        headers: { [BACKEND_HEADER]: meta.backend },
        rewriter: head.streaming ? new CodeStream(meta, prompt.cleaner, chunks) : new WholeCode(meta, prompt.cleaner),
      },
    };
  }

  /** Who would answer now. */
  status(): CodeStatus {
    const { model, reason } = this.ownEngine();
    const templates = Object.fromEntries(CODE_MODEL_TYPES.map((type) => [type, this.templates[type].version]));
    return {
      backend: model === null ? null : 'vllm',
      model,
      reason,
      models: this.models(),
      templates: templates as Record<CodeModelType, number>,
    };
  }

  /** The model that is served by default, or why none is. */
  private ownEngine(): { model: string | null; reason: string | null } {
    try {
      const found = this.router.resolve(DEFAULT_MODEL);
      const [first] = found.kind === 'ready' ? found.candidates : [];
      return first === undefined
        ? { model: null, reason: found.kind === 'not_ready' ? whyNotReady(found.engine) : null }
        : { model: first.servedName, reason: null };
    } catch (error) {
      if (error instanceof CodedError) return { model: null, reason: error.message };
      throw error;
    }
  }

  private models(): CodeModel[] {
    const serving = (this.directory.state?.engines ?? []).filter((engine) => isReady(engine) || isComing(engine));
    const models = new Map<string, CodeModel>();
    for (const { id, aliases, maxModelLen } of serving.flatMap((engine) => engine.models)) {
      const fillInTheMiddle = this.facts.find(id).fim !== null;
      for (const name of [id, ...aliases, ...(models.size === 0 ? [DEFAULT_MODEL] : [])])
        models.set(name, { id: name, backend: 'vllm', contextTokens: maxModelLen, fillInTheMiddle });
    }
    return [...models.values()];
  }
}
