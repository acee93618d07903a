import type { ChatMeta } from '#contracts/chat';
import { flushSync } from 'react-dom';
import { create } from 'zustand';
import { authorizedFetch } from '../../api/authorized-fetch';
import { ApiError } from '../../api/session';
import type { ChatOptions } from './chat-options';
import { paced } from './paced';
import { readChat, type ChatEvent } from './read-chat';

/** What a question asks for. */
export interface Ask {
  conversationId: string;
  /** Null: another answer to the question that is `parentId`. */
  content: string | null;
  /** The message that it follows; null: it begins the conversation. */
  parentId: string | null;
  options: Pick<ChatOptions, 'model' | 'parameters'>;
}

export interface Problem {
  /** The API's, or `connection_lost` or `offline`. */
  code: string;
  /** In the API's words; '' where it said nothing. */
  message: string;
}

/** An answer that is being written, as far as it has come. */
export interface LiveAnswer {
  ask: Ask;
  /** Null until the server has taken the question. */
  meta: ChatMeta | null;
  /** Waiting for the engine: place in the queue, from 1. */
  queue: { position: number; expectedSeconds: number | null } | null;
  content: string;
  reasoning: string;
  /** Milliseconds of `performance.now()`. */
  askedAt: number;
  firstTokenAt: number | null;
  /** Null while it runs. */
  problem: Problem | null;
  running: boolean;
}

interface Live {
  answers: Readonly<Record<string, LiveAnswer>>;
}

/** Answers that are being written, by conversation: they go on while another page is looked at. */
export const useLiveAnswers = create<Live>(() => ({ answers: {} }));

const controllers = new Map<string, AbortController>();

const put = (answer: LiveAnswer): void =>
  useLiveAnswers.setState(({ answers }) => ({ answers: { ...answers, [answer.ask.conversationId]: answer } }));

/** Forgets a finished answer: what is stored is shown in its place. */
export function dropAnswer(conversationId: string): void {
  useLiveAnswers.setState(({ answers }) => {
    const { [conversationId]: _gone, ...rest } = answers;
    return { answers: rest };
  });
}

/** Ends and forgets them all: they were somebody's who is gone. */
export function forgetAnswers(): void {
  for (const controller of controllers.values()) controller.abort();
  useLiveAnswers.setState({ answers: {} });
}

/** Ends the answer here; the server notices and stores what there is. */
export function stopAnswer(conversationId: string): void {
  controllers.get(conversationId)?.abort();
}

/** Asks, and resolves with the answer when it is over, however it ended; `problem` says what went wrong. */
export async function ask(question: Ask): Promise<LiveAnswer> {
  const { conversationId } = question;
  const controller = new AbortController();
  controllers.set(conversationId, controller);
  let answer: LiveAnswer = {
    ask: question,
    meta: null,
    queue: null,
    content: '',
    reasoning: '',
    askedAt: performance.now(),
    firstTokenAt: null,
    problem: null,
    running: true,
  };
  put(answer);
  const paint = paced(() => {
    if (answer.running) flushSync(() => put(answer));
  });
  let problem: Problem | null;
  try {
    problem = await follow(question, controller.signal, (event) => {
      answer = heard(answer, event);
      paint();
    });
  } catch (error) {
    problem = controller.signal.aborted ? null : problemOf(error);
  }
  controllers.delete(conversationId);
  answer = { ...answer, queue: null, problem, running: false };
  put(answer);
  return answer;
}

async function follow(question: Ask, signal: AbortSignal, hear: (event: ChatEvent) => void): Promise<Problem | null> {
  const response = await post(question, signal);
  if (response.body === null) throw new TypeError('the answer has no body');
  for await (const event of readChat(response.body)) {
    if (event.kind === 'error') return { code: event.code, message: event.message };
    if (event.kind === 'done') return null;
    hear(event);
  }
  return lostConnection();
}

function post({ conversationId, content, parentId, options }: Ask, signal: AbortSignal): Promise<Response> {
  const { model, parameters } = options;
  return authorizedFetch('/api/chat', {
    method: 'POST',
    signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      conversationId,
      parentId,
      ...(content === null ? {} : { content }),
      ...(model === null ? {} : { model }),
      ...parameters,
    }),
  });
}

function heard(answer: LiveAnswer, event: ChatEvent): LiveAnswer {
  switch (event.kind) {
    case 'meta':
      return { ...answer, meta: event.meta };
    case 'queue':
      return { ...answer, queue: { position: event.position, expectedSeconds: event.expectedSeconds } };
    case 'text':
      return {
        ...answer,
        queue: null,
        content: answer.content + event.content,
        reasoning: answer.reasoning + event.reasoning,
        firstTokenAt: answer.firstTokenAt ?? performance.now(),
      };
    default:
      return answer;
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return { code: error.code, message: error.message };
  return lostConnection();
}

const lostConnection = (): Problem => ({ code: navigator.onLine ? 'connection_lost' : 'offline', message: '' });
