import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { useNavigate } from 'react-router';
import { useShallow } from 'zustand/react/shallow';
import { api, body } from '../../api/client';
import { showFailure } from '../../ui/toast';
import { forgetFirstOptions, NOTHING_CHOSEN, useFirstOptions, type ChatOptions } from './chat-options';
import { conversation, messages, refreshConversation, type Message } from './conversations';
import { drafts } from './drafts';
import { ask, dropAnswer, stopAnswer, useLiveAnswers, type Ask } from './live-answers';
import { leafBelow, pathTo, type Step } from './message-tree';
import { splitThinking } from './thinking';

/** While somebody else's tab or a reload left an answer being written, look how far it is. */
const GENERATING_POLL_MS = 1_000;

export interface ConversationView {
  title: string | null;
  /** Why it cannot be shown. */
  error: Error | null;
  options: ChatOptions;
  /** Keeps them with the conversation. Rejects when that could not be. */
  choose: (change: Partial<ChatOptions>) => Promise<void>;
  steps: Step<Message>[];
  /** It is known where a question would go. */
  ready: boolean;
  /** Of an answer that is being written or has just failed; its text is for those who show it. */
  live: { running: boolean } | null;
  send: (text: string) => Promise<void>;
  edit: (message: Message, text: string) => void;
  regenerate: (answer: Message) => void;
  retry: () => void;
  stop: () => void;
  openBranch: (id: string) => void;
  /** Text of the last answer of the path; null when there is none. */
  lastAnswer: () => string | null;
}

/** One conversation as the page shows it, and what can be done with it. `id` null: one that is not begun. */
export function useConversation(id: string | null): ConversationView {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const firstOptions = useFirstOptions();
  // Not its text: what shows that subscribes by itself, and the rest of the page is left alone.
  const live = useLiveAnswers(
    useShallow(({ answers }) => {
      const answer = id === null ? undefined : answers[id];
      return answer === undefined ? null : { ask: answer.ask, running: answer.running };
    }),
  );
  const head = useQuery({ ...conversation(id ?? ''), enabled: id !== null });
  const stored = useQuery({
    ...messages(id ?? ''),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      live?.running !== true && state.data?.some(({ answer }) => answer?.state === 'generating') === true
        ? GENERATING_POLL_MS
        : false,
  });
  useStoredInstead(id, stored.data, !head.isFetching && !stored.isFetching);
  const options = id === null ? firstOptions : (head.data ?? NOTHING_CHOSEN);
  const leafId = head.data?.activeLeafId ?? null;
  const asked = live?.ask ?? null;
  const steps = useMemo(() => shownPath(stored.data ?? [], leafId, asked), [stored.data, leafId, asked]);

  async function run(question: Ask): Promise<void> {
    const { problem, meta } = await ask(question);
    keepUnheard(question, problem !== null && meta === null);
    await refreshConversation(queries, question.conversationId);
    // It was not heard of, so there is nothing to wait for.
    if (problem === null && meta === null) dropAnswer(question.conversationId);
  }
  const start = (parentId: string | null, content: string | null): void => {
    if (id !== null) void run({ conversationId: id, content, parentId, options });
  };

  return {
    title: head.data?.title ?? null,
    error: (head.data === undefined ? head.error : null) ?? (stored.data === undefined ? stored.error : null),
    options,
    choose: async (change) => {
      if (id === null) useFirstOptions.setState(change);
      else await keepOptions(queries, id, change);
    },
    steps,
    ready: id === null || (head.data !== undefined && stored.data !== undefined),
    live,
    send: async (text) => {
      if (id !== null) {
        // After an answer that failed, a new question goes on from there.
        const failed = useLiveAnswers.getState().answers[id]?.meta?.assistantMessageId;
        start(failed ?? steps.at(-1)?.message.id ?? null, text);
        return;
      }
      try {
        const made = await body(api.POST('/api/conversations', { body: firstOptions }));
        queries.setQueryData(conversation(made.id).queryKey, made);
        // A look at its messages that is on its way when a short answer ends would show that nobody had asked.
        queries.setQueryData(messages(made.id).queryKey, []);
        forgetFirstOptions();
        void run({ conversationId: made.id, content: text, parentId: null, options });
        // At once: as a transition it would stand back for each token that comes, and show the first of them late.
        await navigate(`/c/${made.id}`, { flushSync: true });
      } catch (error) {
        drafts.write('new', text);
        showFailure(error);
      }
    },
    edit: (message, text) => start(message.parentId, text),
    regenerate: (answer) => start(answer.parentId, null),
    retry: () => {
      const failed = id === null ? undefined : useLiveAnswers.getState().answers[id];
      if (failed === undefined) return;
      // The question was stored before it failed: asking again must not repeat it.
      const questionId =
        failed.ask.content === null
          ? null
          : (failed.meta?.userMessageId ?? storedQuestion(stored.data ?? [], failed.ask));
      void run({ ...failed.ask, options, ...(questionId === null ? {} : { content: null, parentId: questionId }) });
    },
    stop: () => {
      if (id !== null) stopAnswer(id);
    },
    openBranch: (messageId) => {
      if (id === null) return;
      const activeLeafId = leafBelow(stored.data ?? [], messageId);
      queries.setQueryData(conversation(id).queryKey, (before) =>
        before === undefined ? before : { ...before, activeLeafId },
      );
      api.PATCH('/api/conversations/{id}', { params: { path: { id } }, body: { activeLeafId } }).catch(showFailure);
    },
    lastAnswer: () => {
      const answer = steps.findLast(({ message }) => message.role === 'assistant')?.message;
      return answer === undefined ? null : splitThinking(answer.content, answer.reasoning).content;
    },
  };
}

/**
 * What is stored takes the place of an answer that is over, once it is there whole: not before, or the answer would
 * vanish when it cannot be fetched. `current`: nothing newer is on its way.
 */
function useStoredInstead(id: string | null, stored: readonly Message[] | undefined, current: boolean): void {
  const over = useLiveAnswers(({ answers }) => {
    const answer = id === null ? undefined : answers[id];
    return answer === undefined || answer.running || answer.problem !== null ? null : answer.meta?.assistantMessageId;
  });
  const isStored = stored?.some((message) => message.id === over && message.answer?.state === 'complete') === true;
  useEffect(() => {
    if (id !== null && isStored && current) dropAnswer(id);
  }, [id, isStored, current]);
}

/** Shown at once, and taken back when the server does not keep it. */
async function keepOptions(queries: QueryClient, id: string, change: Partial<ChatOptions>): Promise<void> {
  const { queryKey } = conversation(id);
  queries.setQueryData(queryKey, (before) => (before === undefined ? before : { ...before, ...change }));
  try {
    queries.setQueryData(
      queryKey,
      await body(api.PATCH('/api/conversations/{id}', { params: { path: { id } }, body: change })),
    );
  } catch (error) {
    await queries.invalidateQueries({ queryKey });
    throw error;
  }
}

/** A question that the server never heard would be gone with a reload: it becomes the draft, until it is asked again. */
function keepUnheard({ conversationId, content }: Ask, unheard: boolean): void {
  if (content === null) return;
  const draft = drafts.read(conversationId);
  if (unheard && draft === '') drafts.write(conversationId, content);
  if (!unheard && draft === content) drafts.write(conversationId, '');
}

/** The question's id where it was stored although the answer to it never began. */
function storedQuestion(all: readonly Message[], { content, parentId }: Ask): string | null {
  return all.findLast((one) => one.role === 'user' && one.content === content && one.parentId === parentId)?.id ?? null;
}

/** While an answer is written, the path ends where its question stands: the live answer is shown below it. */
function shownPath(all: readonly Message[], leafId: string | null, asked: Ask | null): Step<Message>[] {
  if (asked === null) return pathTo(all, leafId);
  if (asked.parentId === null) return [];
  return pathTo(all, asked.parentId);
}
