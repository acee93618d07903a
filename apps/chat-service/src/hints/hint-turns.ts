import { Inject, Injectable } from '@nestjs/common';
import { BACKEND_HEADER } from '#contracts/code';
import type { GenerateRequest } from '#contracts/generate';
import type { HintBody, HintMeta, HintTurn } from '#contracts/hints';
import { counter } from '#common/metrics';
import { replay } from '../cache/recording';
import { CodeFactsBook } from '../code/code-facts';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { fitWindows, surelyFits } from '../context/fit-windows';
import { TokenCounter } from '../context/token-counter';
import type { ResponseHandler } from '../engines/http/engine-connection';
import type { EngineCall } from '../engines/http/engine-pool';
import type { Route } from '../engines/engine-router';
import { backendOf } from '../engines/fallback';
import { bodyText } from '../generation/body-text';
import type { AskEngine, PreparedTurn } from '../generation/prepared-turn';
import { HintTelling } from './hint-answer';
import { refusalOf } from './hint-check';
import { HintExchange, wireUsage, type ToldHint } from './hint-exchange';
import { hintPrompt, spokenPart, withHintWindow, type HintPrompt } from './hint-prompt';
import { readHintTemplates, safeHint } from './hint-templates';
import { LocalHints } from './local-hints';

const NO_USAGE = { inputTokens: 0, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };

/** What hints do around a generation: make the prompt, look through the answer, have the rules answer. */
@Injectable()
export class HintTurns {
  private readonly templates;
  private readonly checks = counter('tandem_hint_checks_total', 'Hints by what the look at them led to', [
    'check',
    'backend',
    'refusal',
  ]);

  constructor(
    @Inject(CHAT_CONFIG) config: ChatConfig,
    private readonly local: LocalHints,
    private readonly facts: CodeFactsBook,
    private readonly tokens: TokenCounter,
  ) {
    this.templates = readHintTemplates(config.hintPromptsDirectory);
  }

  /** The request has an engine, or who stands in for one: what it shall read, and how its answer is looked through. */
  async prepare(head: GenerateRequest, turn: HintTurn, body: Uint8Array, route: Route): Promise<PreparedTurn> {
    const request = JSON.parse(bodyText(body)) as HintBody;
    const { model } = route;
    const announced = backendOf(model);
    const facts = this.facts.find(model.servedName);
    const { hint } = this.templates;
    const prompt = await this.promptFor(request, turn, route);
    let finished: { route: Route; told: ToldHint } | null = null;
    const ask = {
      first: bytesOf(prompt.first),
      again: bytesOf(prompt.again),
      streaming: head.streaming,
      read: (answer: string) => spokenPart(answer, facts),
      refuses: (text: string) => {
        const refusal = refusalOf(text, {
          code: request.code,
          newCodeLines: hint.check.newCodeLines[turn.level],
          maxChars: hint.check.maxChars,
        });
        if (refusal !== null) this.checks.inc({ check: 'refused', backend: announced, refusal });
        return refusal !== null;
      },
      safe: safeHint(this.templates, turn.level, turn.locale),
    };
    const exchange = (route: Route, engine: AskEngine, handler: ResponseHandler): EngineCall => {
      const onTold = (told: ToldHint): void => {
        this.checks.inc({ check: told.check, backend: backendOf(route.model), refusal: '' });
        finished = { route, told };
      };
      if (backendOf(route.model) === 'local') return this.askRules(head, request, turn, onTold, handler);
      return new HintExchange(ask, onTold).send(engine, handler);
    };
    const rewriter = new HintTelling(head.streaming, () => {
      if (finished === null) return null;
      const { told, route } = finished;
      const own = backendOf(route.model) === 'local';
      const meta: HintMeta = {
        requestId: head.requestId,
        backend: told.check === 'replaced' ? 'local' : backendOf(route.model),
        model: route.model.servedName,
        ...turn,
        language: request.language,
        template: own ? `rules@${this.templates.texts[turn.locale].version}` : prompt.template,
        droppedChars: own ? 0 : prompt.droppedChars,
        check: told.check,
      };
      return { meta, told, announced };
    });
    return {
      body: ask.first,
      path: '/v1/chat/completions',
      frame: { headers: { [BACKEND_HEADER]: announced }, rewriter },
      exchange,
    };
  }

  /** As much of problem and code as the template takes, and the model's context. */
  private async promptFor(request: HintBody, turn: HintTurn, route: Route): Promise<HintPrompt> {
    const { servedName, maxModelLen } = route.model;
    const make = (share: number): HintPrompt =>
      hintPrompt(
        request,
        turn,
        withHintWindow(this.templates.hint, request, share),
        this.facts.find(servedName),
        backendOf(route.model) === 'vllm',
      );
    const whole = make(1);
    const answer = { tokens: whole.answerTokens, least: whole.answerTokens };
    if (maxModelLen === null || surelyFits(whole.again, answer.tokens, maxModelLen)) return whole;
    const given = request.problem.length + request.code.length;
    const { share } = await fitWindows(
      maxModelLen,
      answer,
      (part) => {
        const { again, droppedChars } = make(part);
        return { request: again, windowChars: given - droppedChars };
      },
      (asked) => this.tokens.ofRequest(route, asked),
    );
    return make(share);
  }

  /** The rules, as if they were an engine: one that counts no tokens. */
  private askRules(
    { streaming }: GenerateRequest,
    request: HintBody,
    turn: HintTurn,
    onTold: (told: ToldHint) => void,
    handler: ResponseHandler,
  ): EngineCall {
    let call: EngineCall | null = null;
    let over = false;
    void this.local.hint(request, turn, this.templates).then((text) => {
      if (over) return;
      onTold({ text, check: 'passed', usage: NO_USAGE });
      call = replay(Buffer.from(streaming ? eventsOf(text) : bodyOf(text)), handler);
    });
    return {
      abort: () => {
        over = true;
        call?.abort();
      },
    };
  }
}

function bytesOf(request: HintPrompt['first']): Buffer {
  return Buffer.from(JSON.stringify(request));
}

function eventsOf(text: string): string {
  const said = JSON.stringify({ choices: [{ index: 0, delta: { content: text }, finish_reason: 'stop' }] });
  return `data: ${said}\n\ndata: ${JSON.stringify({ choices: [], usage: wireUsage(NO_USAGE) })}\n\ndata: [DONE]\n\n`;
}

function bodyOf(text: string): string {
  return JSON.stringify({ choices: [{ message: { content: text } }], usage: wireUsage(NO_USAGE) });
}
