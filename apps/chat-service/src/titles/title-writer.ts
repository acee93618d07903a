import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { Bus } from '#common/bus';
import { SystemRequests } from '#common/system-requests';
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

/** Lets the engine write titles, always after people. In the ledger nobody pays for one. */
@Injectable()
export class TitleWriter implements OnModuleInit, OnApplicationShutdown {
  private readonly requests: SystemRequests;

  constructor(
    bus: Bus,
    private readonly database: ChatDatabase,
    private readonly logger: Logger,
  ) {
    this.requests = new SystemRequests(bus, 'titles');
  }

  onModuleInit(): void {
    this.requests.begin();
  }

  onApplicationShutdown(): void {
    this.requests.end();
  }

  /** The first answer of a conversation is there: asks for its title, unless the user gave it one. */
  afterAnswer(exchange: Exchange, model: string, question: string, record: AnswerRecord): void {
    if (exchange.previousLeafId !== null || this.requests.inFlight >= MAX_WAITING) return;
    const { content } = record.read();
    record.dirty = true;
    const parts: Buffer[] = [];
    this.requests.ask(
      { endpoint: '/api/chat', model, body: requestFor(question, content), streaming: false },
      {
        onBytes: (bytes) => parts.push(Buffer.from(bytes)),
        onEnd: () => void this.keep(exchange.conversationId, parts),
        // The first words stay.
        onError: () => undefined,
      },
    );
  }

  /** Never over a name that the user gave, also not one given meanwhile. */
  private async keep(conversationId: string, parts: readonly Buffer[]): Promise<void> {
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
