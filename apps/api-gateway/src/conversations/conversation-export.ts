import type { Conversation, ConversationRef, Message, MessagePage } from '#contracts/conversations';
import type { ConversationsService } from './conversations.service';

/** All messages, page by page: an export holds one page in memory, however long the conversation is. */
async function* pagesOf(service: ConversationsService, ref: ConversationRef): AsyncGenerator<Message[]> {
  let cursor: string | null = null;
  do {
    const page: MessagePage = await service.messages(ref, cursor === null ? {} : { cursor });
    yield page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

/** `{"conversation": ..., "messages": [...]}` with every branch. */
export async function* exportJson(
  service: ConversationsService,
  ref: ConversationRef,
  conversation: Conversation,
): AsyncGenerator<string> {
  yield `{"conversation":${JSON.stringify(conversation)},"messages":[`;
  let first = true;
  for await (const messages of pagesOf(service, ref)) {
    const text = messages.map((message) => JSON.stringify(message)).join(',\n');
    if (text === '') continue;
    yield `${first ? '\n' : ',\n'}${text}`;
    first = false;
  }
  yield '\n]}\n';
}

/** The path that was seen last, as a text to read. */
export async function* exportMarkdown(
  service: ConversationsService,
  ref: ConversationRef,
  conversation: Conversation,
): AsyncGenerator<string> {
  yield `# ${oneLine(conversation.title ?? 'Conversation')}\n`;
  const path = await activePath(service, ref, conversation.activeLeafId);
  for await (const messages of pagesOf(service, ref)) {
    for (const message of messages) if (path.has(message.id)) yield markdownOf(message);
  }
}

/** Ids from the first message to the leaf. Only ids are kept, whatever the texts weigh. */
async function activePath(
  service: ConversationsService,
  ref: ConversationRef,
  leafId: string | null,
): Promise<Set<string>> {
  const parents = new Map<string, string | null>();
  for await (const messages of pagesOf(service, ref)) {
    for (const { id, parentId } of messages) parents.set(id, parentId);
  }
  const path = new Set<string>();
  for (let id = leafId; id !== null && !path.has(id); id = parents.get(id) ?? null) path.add(id);
  return path;
}

function markdownOf({ role, content, reasoning, answer }: Message): string {
  const heading =
    role === 'user' ? '## User' : `## Assistant${answer?.model == null ? '' : ` (${oneLine(answer.model)})`}`;
  const thought = reasoning === null ? '' : `${quoted(reasoning)}\n\n`;
  const partial =
    answer === null || answer.outcome === 'completed'
      ? ''
      : `\n\n*(not whole: ${answer.outcome ?? 'still being written'})*`;
  return `\n${heading}\n\n${thought}${content}${partial}\n`;
}

function quoted(text: string): string {
  return text.replace(/^/gm, '> ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
