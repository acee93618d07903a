import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { ChatMeta } from '#contracts/chat';
import type { UsedPrompt } from '#contracts/conversations';
import { BACKEND_HEADER } from '#contracts/code';
import { CodedError, ERRORS, isErrorCode } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import type { RequestEnding } from '#contracts/usage';
import { fitContext, type Context, type EngineMessage, type FittedContext } from '../context/fit-context';
import { splitMessages, splitPath } from '../context/split-context';
import { TokenCounter } from '../context/token-counter';
import { AnswerJournal } from '../conversations/answer-journal';
import type { AnswerRecord } from '../conversations/answer-record';
import { ExchangeRepository, type Exchange } from '../conversations/exchange.repository';
import { Writers } from '../conversations/writers';
import type { Route } from '../engines/engine-router';
import { backendOf } from '../engines/fallback';
import { withRepeatedPrompt } from '../guardrails/repeated-prompt';
import { TitleWriter } from '../titles/title-writer';
import { bodyText } from './body-text';
import type { PreparedTurn } from './prepared-turn';

/** A request of native chat as the gateway checked it: sampling parameters, and messages. */
type ChatBody = Record<string, unknown> & { messages: EngineMessage[] };

interface KeptTurn {
  exchange: Exchange;
  record: AnswerRecord;
  question: string | null;
}

/** History is read back this far: no tokenizer makes less than one token of so many bytes of text. */
const MOST_BYTES_A_TOKEN = 16;
/** Where the engine does not tell its context. */
const UNKNOWN_CONTEXT_BYTES = 1024 * 1024;

/** What native chat does around a generation: keeps question and answer, puts the context together, tells `meta`. */
@Injectable()
export class ChatTurns {
  private readonly kept = new Map<string, KeptTurn>();

  constructor(
    private readonly exchanges: ExchangeRepository,
    private readonly journal: AnswerJournal,
    private readonly writers: Writers,
    private readonly tokens: TokenCounter,
    private readonly titles: TitleWriter,
    private readonly logger: Logger,
  ) {}

  /** Keeps the question before anything else is done with it. @throws CodedError */
  async keep(head: GenerateRequest, body: Uint8Array): Promise<void> {
    if (head.chat?.kind !== 'stored') return;
    const question = head.chat.question ? textOf(parseBody(body).messages.at(-1)) : null;
    const { requestId, actor } = head;
    const exchange = await this.exchanges.begin(actor.userId, requestId, this.writers.name, head.chat, question);
    this.kept.set(requestId, { exchange, record: this.journal.open(exchange.answerId), question });
  }

  /** Who keeps the bytes of this request's answer; null when nobody does. */
  tapOf(head: GenerateRequest): AnswerRecord['take'] | null {
    return this.kept.get(head.requestId)?.record.take ?? null;
  }

  /** The request has an engine: what it shall read, within what the model can hold. @throws CodedError */
  async prepare(
    head: GenerateRequest,
    body: Uint8Array,
    route: Route,
    repeatSystemPrompt = false,
  ): Promise<PreparedTurn> {
    const request = parseBody(body);
    const turn = this.kept.get(head.requestId);
    const prompt = turn === undefined ? null : await this.promptOf(head, turn);
    const { context, unread } =
      turn === undefined
        ? { context: splitMessages(request.messages), unread: 0 }
        : await this.historyOf(turn, prompt, route);
    const question = repeatSystemPrompt ? withRepeatedPrompt(context.system, context.question) : context.question;
    const fitted = await this.fit({ ...context, question }, request, route);
    const droppedMessages =
      unread + context.turns.slice(0, fitted.droppedTurns).reduce((sum, messages) => sum + messages.length, 0);
    if (turn !== undefined)
      await this.exchanges.describe(turn.exchange.answerId, route.model.servedName, prompt, droppedMessages);
    const fallback = backendOf(route.model) === 'fallback';
    const meta: ChatMeta = {
      requestId: head.requestId,
      conversationId: turn?.exchange.conversationId ?? null,
      userMessageId: turn?.exchange.questionId ?? null,
      assistantMessageId: turn?.exchange.answerId ?? null,
      model: route.model.servedName,
      ...(fallback ? { backend: 'fallback' } : {}),
      systemPrompt: prompt === null ? null : { source: prompt.source, promptId: prompt.promptId, name: prompt.name },
      droppedMessages,
      promptTokens: fitted.promptTokens,
      contextTokens: route.model.maxModelLen,
    };
    return {
      body: Buffer.from(JSON.stringify({ ...request, messages: fitted.messages })),
      frame: {
        preface: Buffer.from(`event: meta\ndata: ${JSON.stringify(meta)}\n\n`),
        ...(fallback ? { headers: { [BACKEND_HEADER]: 'fallback' } } : {}),
      },
    };
  }

  /** It was refused before it was taken: as if it had not been asked. */
  refused(head: GenerateRequest): void {
    const turn = this.kept.get(head.requestId);
    if (turn !== undefined) this.forget(head, turn);
  }

  /** It is over, whatever way: the answer keeps what there is of it. */
  over(head: GenerateRequest, ending: RequestEnding): void {
    const turn = this.kept.get(head.requestId);
    if (turn === undefined) return;
    if (asksTheImpossible(ending)) return this.forget(head, turn);
    this.kept.delete(head.requestId);
    turn.record.end(ending);
    this.journal.flush();
    if (ending.outcome === 'completed' && turn.question !== null)
      this.titles.afterAnswer(turn.exchange, head.model, turn.question, turn.record);
  }

  /** Resolves when all that ended is written down. */
  async idle(): Promise<void> {
    await this.journal.idle();
  }

  private forget(head: GenerateRequest, { exchange, record }: KeptTurn): void {
    this.kept.delete(head.requestId);
    this.journal.drop(record);
    this.exchanges.undo(exchange).catch((error: unknown) => {
      // It stays without an answer; the watch over writers closes it when this process ends.
      this.logger.warn({ msg: 'a refused question could not be taken back', err: error, request_id: head.requestId });
    });
  }

  private async promptOf(head: GenerateRequest, { exchange }: KeptTurn): Promise<UsedPrompt | null> {
    return this.exchanges.promptOf(exchange, head.chat?.kind === 'stored' ? head.chat.userPrompt : null);
  }

  private async historyOf(
    { exchange }: KeptTurn,
    prompt: UsedPrompt | null,
    { model }: Route,
  ): Promise<{ context: Context; unread: number }> {
    const maxBytes = model.maxModelLen === null ? UNKNOWN_CONTEXT_BYTES : model.maxModelLen * MOST_BYTES_A_TOKEN;
    const path = await this.exchanges.path(exchange, maxBytes);
    const [oldest] = path;
    // An answer whose question was not read is not sent either.
    const unread = oldest === undefined ? 0 : oldest.depth + (oldest.role === 'assistant' ? 1 : 0);
    return { context: splitPath(path, prompt?.text ?? null), unread };
  }

  private async fit(context: Context, request: ChatBody, route: Route): Promise<FittedContext> {
    const contextTokens = route.model.maxModelLen;
    if (contextTokens === null)
      return {
        messages: [...context.system, ...context.turns.flat(), ...context.question],
        droppedTurns: 0,
        promptTokens: null,
      };
    const { tools, chat_template_kwargs } = request;
    const asked = request['max_completion_tokens'] ?? request['max_tokens'];
    const options = {
      ...(tools === undefined ? {} : { tools }),
      ...(chat_template_kwargs === undefined ? {} : { chat_template_kwargs }),
    };
    return fitContext(
      context,
      { contextTokens, maxTokens: typeof asked === 'number' ? asked : null },
      this.tokens.of(route, options),
    );
  }
}

/** The gateway has checked it. */
function parseBody(body: Uint8Array): ChatBody {
  return JSON.parse(bodyText(body)) as ChatBody;
}

/** @throws CodedError `invalid_value`: only texts are kept. */
function textOf(message: EngineMessage | undefined): string {
  if (typeof message?.content === 'string') return message.content;
  throw new CodedError('invalid_value', "Invalid 'content': a kept message is a text.", { param: 'content' });
}

/** The client has to change its request, so that it will ask again, and differently. */
function asksTheImpossible({ errorCode, outcome, outputTokens }: RequestEnding): boolean {
  if (outcome !== 'error' || outputTokens > 0 || !isErrorCode(errorCode)) return false;
  const { status } = ERRORS[errorCode];
  return status >= 400 && status < 500 && status !== 429 && status !== 499;
}
