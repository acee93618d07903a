import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNavigate } from 'react-router';
import { api, body } from '../../api/client';
import { showFailure } from '../../ui/toast';
import { conversation, messages, refreshConversation, type Message } from './conversations';
import { ask, dropAnswer, stopAnswer, useLiveAnswers, type Ask, type LiveAnswer } from './live-answers';
import { leafBelow, pathTo, type Step } from './message-tree';
import { splitThinking } from './thinking';

/** While somebody else's tab or a reload left an answer being written, look how far it is. */
const GENERATING_POLL_MS = 1_000;

export interface ConversationView {
  title: string | null;
  /** Why it cannot be shown. */
  error: string | null;
  steps: Step<Message>[];
  live: LiveAnswer | null;
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
export function useConversation(id: string | null, model: string): ConversationView {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const live = useLiveAnswers(({ answers }) => (id === null ? null : (answers[id] ?? null)));
  const head = useQuery({ ...conversation(id ?? ''), enabled: id !== null });
  const stored = useQuery({
    ...messages(id ?? ''),
    enabled: id !== null,
    refetchInterval: ({ state }) =>
      live === null && state.data?.some(({ answer }) => answer?.state === 'generating') === true
        ? GENERATING_POLL_MS
        : false,
  });
  const leafId = head.data?.activeLeafId ?? null;
  const steps = useMemo(() => shownPath(stored.data ?? [], leafId, live), [stored.data, leafId, live?.ask]);

  async function run(question: Ask): Promise<void> {
    const problem = await ask(question);
    await refreshConversation(queries, question.conversationId);
    if (problem === null) dropAnswer(question.conversationId);
  }
  const start = (parentId: string | null, content: string | null): void => {
    if (id !== null) void run({ conversationId: id, content, parentId, model });
  };

  return {
    title: head.data?.title ?? null,
    error: (head.error ?? stored.error)?.message ?? null,
    steps,
    live,
    send: async (text) => {
      if (id !== null) {
        start(steps.at(-1)?.message.id ?? null, text);
        return;
      }
      try {
        const made = await body(api.POST('/api/conversations', { body: {} }));
        void run({ conversationId: made.id, content: text, parentId: null, model });
        await navigate(`/c/${made.id}`);
      } catch (error) {
        showFailure(error);
      }
    },
    edit: (message, text) => start(message.parentId, text),
    regenerate: (answer) => start(answer.parentId, null),
    retry: () => {
      if (live === null) return;
      // The question was stored before it failed: asking again must not repeat it.
      const question = stored.data?.findLast(
        ({ role, content, parentId }) =>
          role === 'user' && content === live.ask.content && parentId === live.ask.parentId,
      );
      if (live.ask.content === null || question === undefined) void run(live.ask);
      else void run({ ...live.ask, content: null, parentId: question.id });
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

/** While an answer is written, the path ends where its question stands: the live answer is shown below it. */
function shownPath(all: readonly Message[], leafId: string | null, live: LiveAnswer | null): Step<Message>[] {
  if (live === null) return pathTo(all, leafId);
  if (live.ask.parentId === null) return [];
  return pathTo(all, live.ask.parentId);
}
