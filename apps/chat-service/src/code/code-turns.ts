import { Inject, Injectable } from '@nestjs/common';
import {
  BACKEND_HEADER,
  CODE_MODEL_TYPES,
  type Backend,
  type BackendStatus,
  type CodeBody,
  type CodeMeta,
  type CodeModel,
  type CodeModelType,
  type CodeStatus,
  type CodeTurn,
} from '#contracts/code';
import type { GenerateRequest } from '#contracts/generate';
import { DEFAULT_MODEL, isComing, isReady } from '#contracts/models';
import { ModelsDirectory } from '#common/models-directory';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { fitWindows, surelyFits } from '../context/fit-windows';
import { TokenCounter } from '../context/token-counter';
import { EngineRouter, type Route } from '../engines/engine-router';
import { backendOf } from '../engines/fallback';
import { bodyText } from '../generation/body-text';
import type { PreparedTurn } from '../generation/prepared-turn';
import { CodeFactsBook, type CodeFacts } from './code-facts';
import { codePrompt, withWindow, type CodePrompt } from './code-prompt';
import { CodeStream, WholeCode } from './code-stream';
import { readTemplates } from './prompt-templates';

/** What the code assistant does around a generation: makes the prompt, takes the code out of the answer. */
@Injectable()
export class CodeTurns {
  private readonly templates;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly router: EngineRouter,
    private readonly directory: ModelsDirectory,
    private readonly facts: CodeFactsBook,
    private readonly tokens: TokenCounter,
  ) {
    this.templates = readTemplates(config.codePromptsDirectory);
  }

  /** The request has an engine: what it shall read, and how its answer is read. */
  prepare(head: GenerateRequest, turn: CodeTurn, body: Uint8Array, route: Route): PreparedTurn | Promise<PreparedTurn> {
    const request = JSON.parse(bodyText(body)) as CodeBody;
    const contextTokens = route.model.maxModelLen;
    const prompt = this.promptFor(turn, request, route);
    if (contextTokens === null || surelyFits(prompt.body, prompt.answerTokens, contextTokens))
      return this.turnOf(head, turn, request, route, prompt);
    return this.fitted(turn, request, route, prompt.answerTokens, contextTokens).then((fitted) =>
      this.turnOf(head, turn, request, route, fitted),
    );
  }

  private promptFor({ modelType }: CodeTurn, request: CodeBody, { model }: Route, share = 1): CodePrompt {
    const backend = backendOf(model);
    return codePrompt(
      modelType,
      request,
      withWindow(this.templates[modelType], request, share),
      this.factsOf(model.servedName, backend),
      backend === 'vllm',
    );
  }

  /** Less of the code around the cursor, and a shorter answer where the request asks for no length. */
  private async fitted(
    turn: CodeTurn,
    request: CodeBody,
    route: Route,
    answerTokens: number,
    contextTokens: number,
  ): Promise<CodePrompt> {
    const around = request.prefix.length + request.suffix.length;
    const fit = await fitWindows(
      contextTokens,
      { tokens: answerTokens, least: request.maxTokens ?? Math.ceil(answerTokens / 2) },
      (share) => {
        const { body, droppedChars } = this.promptFor(turn, request, route, share);
        return { request: body, windowChars: around - droppedChars };
      },
      (asked) => this.tokens.ofRequest(route, asked),
    );
    return this.promptFor(turn, { ...request, maxTokens: fit.maxTokens }, route, fit.share);
  }

  private turnOf(
    head: GenerateRequest,
    turn: CodeTurn,
    request: CodeBody,
    { model }: Route,
    prompt: CodePrompt,
  ): PreparedTurn {
    const { modelType } = turn;
    const backend = backendOf(model);
    const meta: CodeMeta = {
      requestId: head.requestId,
      backend,
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
  backend(): BackendStatus {
    const { model, reason } = this.router.ownEngine(DEFAULT_MODEL, true);
    const fallback = this.router.fallback?.model.servedName ?? null;
    const backend = model !== null ? 'vllm' : fallback !== null ? 'fallback' : null;
    return { backend, model: model ?? fallback, reason };
  }

  status(): CodeStatus {
    const templates = Object.fromEntries(CODE_MODEL_TYPES.map((type) => [type, this.templates[type].version]));
    return {
      ...this.backend(),
      models: this.models(),
      templates: templates as Record<CodeModelType, number>,
    };
  }

  /** Not every server takes bare prompts with tokens in them: another one is asked by a chat. */
  private factsOf(servedName: string, backend: Backend): CodeFacts {
    const facts = this.facts.find(servedName);
    return backend === 'vllm' ? facts : { ...facts, fim: null };
  }

  private models(): CodeModel[] {
    const serving = (this.directory.state?.engines ?? []).filter((engine) => isReady(engine) || isComing(engine));
    const models = new Map<string, CodeModel>();
    for (const { id, aliases, maxModelLen } of serving.flatMap((engine) => engine.models)) {
      const fillInTheMiddle = this.facts.find(id).fim !== null;
      for (const name of [id, ...aliases, ...(models.size === 0 ? [DEFAULT_MODEL] : [])])
        models.set(name, { id: name, backend: 'vllm', contextTokens: maxModelLen, fillInTheMiddle });
    }
    const fallback = this.router.fallback?.model.servedName;
    if (fallback !== undefined && !models.has(fallback))
      models.set(fallback, { id: fallback, backend: 'fallback', contextTokens: null, fillInTheMiddle: false });
    return [...models.values()];
  }
}
