import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { FrameKind, FrameSubjects, readFrames, type Frame } from '#contracts/frames';
import { ChatSubjects, encodeGenerate, type GenerateRequest } from '#contracts/generate';
import { HEARTBEAT_INTERVAL_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Bus } from '#common/bus';
import type { AnswerRecord } from '../conversations/answer-record';
import type { Exchange } from '../conversations/exchange.repository';
import { fold } from '../conversations/folding';
import { ChatDatabase } from '../database/chat-database';
import { titleFrom } from './first-words';

/** The engine reads so much of the question and of the answer, characters. */
const EXCERPT_CHARS = 1_500;
/** A title is short; a reasoning model thinks before it writes one. */
const MAX_TOKENS = 512;
/** Titles that wait at once; past it conversations keep their first words. */
const MAX_WAITING = 100;
/** In the ledger nobody pays for a title. */
const SYSTEM = { userId: 'system', email: 'system', role: 'user', keyId: null } as const;

interface Waiting {
  conversationId: string;
  parts: Buffer[];
}

/**
 * Lets the engine write titles. It asks as a gateway would, so that a title is admitted, counted and limited as everything
 * else, but always after people.
 */
@Injectable()
export class TitleWriter implements OnModuleInit, OnApplicationShutdown {
  private readonly gatewayId = `titles-${randomUUID().slice(0, 8)}`;
  private readonly waiting = new Map<number, Waiting>();
  private lastStream = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly bus: Bus,
    private readonly database: ChatDatabase,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe(FrameSubjects.of(this.gatewayId), (message) => {
      readFrames(message.data, (frame) => this.onFrame(frame));
    });
    // What was on its way is lost; the first words stay.
    this.bus.onLost(() => this.waiting.clear());
    this.timer = setInterval(() => this.beat(), HEARTBEAT_INTERVAL_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** The first answer of a conversation is there: asks for its title, unless the user gave it one. */
  afterAnswer(exchange: Exchange, model: string, question: string, record: AnswerRecord): void {
    if (exchange.previousLeafId !== null || this.waiting.size >= MAX_WAITING) return;
    const { content } = record.read();
    record.dirty = true;
    const stream = (this.lastStream += 1);
    this.waiting.set(stream, { conversationId: exchange.conversationId, parts: [] });
    this.beat();
    const head: GenerateRequest = {
      requestId: `req_${randomUUID().replaceAll('-', '')}`,
      stream,
      gatewayId: this.gatewayId,
      actor: SYSTEM,
      endpoint: '/api/chat',
      model,
      streaming: false,
      includeUsage: false,
      continuousUsage: false,
      choices: 1,
      priority: 'background',
      receivedAt: Date.now(),
      spentMs: 0,
    };
    this.bus.publish(ChatSubjects.generate, encodeGenerate(head, requestFor(question, content)));
  }

  /** chat-services end what a silent gateway asked for. */
  private beat(): void {
    if (this.waiting.size === 0) return;
    const beat: Heartbeat = { instanceId: this.gatewayId, inFlight: this.waiting.size };
    this.bus.publishJson(PresenceSubjects.gateway, beat);
  }

  private onFrame({ kind, stream, payload }: Frame): void {
    const waiting = this.waiting.get(stream);
    if (waiting === undefined) return;
    if (kind === FrameKind.body) waiting.parts.push(Buffer.from(payload));
    if (kind !== FrameKind.end && kind !== FrameKind.error) return;
    this.waiting.delete(stream);
    if (kind === FrameKind.end) void this.keep(waiting);
  }

  /** Never over a name that the user gave, also not one given meanwhile. */
  private async keep({ conversationId, parts }: Waiting): Promise<void> {
    try {
      const title = titleFrom(contentOf(Buffer.concat(parts)));
      if (title === null || title === '') return;
      await this.database.query(
        `UPDATE chat.conversations SET title = $2, title_folded = $3, title_source = 'model'
         WHERE id = $1 AND title_source IN ('none', 'first_words')`,
        [conversationId, title, fold(title)],
      );
    } catch (error) {
      if (!(error instanceof CodedError)) this.logger.error({ msg: 'a title could not be kept', err: error });
    }
  }
}

function requestFor(question: string, answer: string): Buffer {
  const content =
    'Write a title for the conversation below: three to six words, in the language of the user, without quotation ' +
    'marks and without a full stop. Answer with the title and nothing else.\n\n' +
    `User: ${excerpt(question)}\n\nAssistant: ${excerpt(answer.replace(/^[^]*<\/think>/, ''))}`;
  return Buffer.from(
    JSON.stringify({
      messages: [{ role: 'user', content }],
      max_tokens: MAX_TOKENS,
      temperature: 0.3,
      // Templates that know it (Qwen3, for one) leave the thinking out.
      chat_template_kwargs: { enable_thinking: false },
    }),
  );
}

function excerpt(text: string): string {
  return text.slice(0, EXCERPT_CHARS).toWellFormed();
}

function contentOf(body: Buffer): string {
  const answer = JSON.parse(body.toString('utf8')) as { choices?: { message?: { content?: string | null } }[] };
  return answer.choices?.[0]?.message?.content ?? '';
}
