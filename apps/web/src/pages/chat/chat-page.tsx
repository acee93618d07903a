import { PanelLeft, SlidersHorizontal } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams } from 'react-router';
import { useShortcuts } from '../../app/shortcuts';
import { IconButton } from '../../ui/button';
import { copyOrTell } from '../../ui/copy-button';
import { explain } from '../../ui/explain';
import { Notice } from '../../ui/page';
import { showFailure } from '../../ui/toast';
import { Announcer } from './announcer';
import type { ChatOptions } from './chat-options';
import { Composer } from './composer';
import { FirstSteps } from './first-steps';
import { lastCode } from './last-code';
import { ModelPicker } from './model-picker';
import { OptionsDialog } from './options-dialog';
import { Sidebar } from './sidebar';
import { Thread } from './thread';
import { useConversation } from './use-conversation';
import { WarmUp } from './warm-up';

/** A new conversation, or the one that the address names. */
export function ChatPage() {
  const { t } = useTranslation();
  const { conversationId } = useParams();
  const id = conversationId ?? null;
  const [sidebarOpen, setSidebarOpen] = useState(false);
  const searchBox = useRef<HTMLInputElement>(null);
  const closeSidebar = useCallback(() => setSidebarOpen(false), []);
  const chat = useConversation(id);
  const search = (): void => {
    setSidebarOpen(true);
    // Shown first: what is hidden takes no focus.
    requestAnimationFrame(() => searchBox.current?.focus());
  };
  useShortcuts({
    search,
    stop: chat.stop,
    focus: () => document.getElementById('composer')?.focus(),
    copyAnswer: () => copyOrTell(chat.lastAnswer()),
    copyCode: () => copyOrTell(lastCode(chat.lastAnswer())),
  });
  useSearchAskedElsewhere(search);
  return (
    <main className="flex h-full">
      <title>{`${chat.title ?? t('chat.title')} · Tandem`}</title>
      <div
        className={`${sidebarOpen ? 'fixed inset-0 z-20 sm:static' : 'hidden'} w-full sm:w-72 sm:shrink-0 sm:border-r sm:border-line md:block`}
      >
        <Sidebar openId={id} searchBox={searchBox} onClose={closeSidebar} />
      </div>
      <section aria-label={chat.title ?? t('chat.new')} className="flex min-w-0 flex-1 flex-col">
        <header className="flex items-center gap-1 px-3 py-2">
          <IconButton label={t('chat.history')} className="md:hidden" onClick={() => setSidebarOpen(true)}>
            <PanelLeft aria-hidden className="size-5" />
          </IconButton>
          <div className="max-w-[75%] min-w-0 sm:max-w-none">
            <ModelPicker
              value={chat.options.model}
              onChoose={(model) => void chat.choose({ model }).catch(showFailure)}
            />
          </div>
          <div className="min-w-0 flex-1 px-2 text-center text-sm text-subtle">
            {id !== null && <h1 className="truncate max-sm:sr-only">{chat.title ?? t('chat.untitled')}</h1>}
          </div>
          <Options options={chat.options} onChoose={chat.choose} />
        </header>
        {chat.error !== null && (
          <div className="p-4">
            <Notice tone="danger">{explain(chat.error)}</Notice>
          </div>
        )}
        {id === null ? (
          <FirstSteps onAsk={(text) => void chat.send(text)} />
        ) : (
          <Thread
            key={`thread-${id}`}
            id={id}
            steps={chat.steps}
            canChange={chat.live?.running !== true}
            onBranch={chat.openBranch}
            onEdit={chat.edit}
            onRegenerate={chat.regenerate}
            onRetry={chat.retry}
          />
        )}
        <Composer
          key={`composer-${id ?? 'new'}`}
          draftKey={id ?? 'new'}
          ready={chat.ready}
          answering={chat.live?.running === true}
          onSend={(text) => void chat.send(text)}
          onStop={chat.stop}
        />
        <Announcer id={id} />
        <WarmUp />
      </section>
    </main>
  );
}

/** Opens the options, and says how many of them differ from the defaults. */
function Options(props: { options: ChatOptions; onChoose: (change: Partial<ChatOptions>) => Promise<void> }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const { systemPrompt, promptId, parameters } = props.options;
  const hasPrompt = systemPrompt !== null || promptId !== null;
  const changed = Object.keys(parameters).length + (hasPrompt ? 1 : 0);
  return (
    <>
      <IconButton
        label={changed === 0 ? t('options.title') : t('options.changed', { count: changed })}
        onClick={() => setOpen(true)}
        className="relative"
      >
        <SlidersHorizontal aria-hidden className="size-5" />
        {changed > 0 && (
          <span
            aria-hidden
            className="absolute top-0.5 right-0.5 grid size-4 place-content-center rounded-full bg-accent text-[0.6rem] font-semibold text-on-accent"
          >
            {changed}
          </span>
        )}
      </IconButton>
      {open && <OptionsDialog {...props} onClose={() => setOpen(false)} />}
    </>
  );
}

/** Another page was asked to search: it came here with that wish. */
function useSearchAskedElsewhere(search: () => void): void {
  const { state } = useLocation() as { state: { search?: boolean } | null };
  const wanted = state?.search === true;
  const run = useRef(search);
  useEffect(() => {
    if (wanted) run.current();
  }, [wanted]);
}
