import { PanelLeft } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { IconButton } from '../../ui/button';
import { Notice } from '../../ui/page';
import { Composer } from './composer';
import { ModelPicker } from './model-picker';
import { ShortcutHelp } from './shortcut-help';
import { Sidebar } from './sidebar';
import { Thread } from './thread';
import { useConversation } from './use-conversation';
import { useShortcuts } from './use-shortcuts';

/** A new conversation, or the one that the address names. */
export function ChatPage() {
  const { t } = useTranslation();
  const { conversationId } = useParams();
  const id = conversationId ?? null;
  const [model, setModel] = useState('default');
  const [sidebarOpen, setSidebarOpen] = useState(false);
  const searchBox = useRef<HTMLInputElement>(null);
  const chat = useConversation(id, model);
  const help = useShortcuts({
    search: () => {
      setSidebarOpen(true);
      searchBox.current?.focus();
    },
    stop: chat.stop,
    lastAnswer: chat.lastAnswer,
  });
  return (
    <main className="flex h-full">
      <title>{`${chat.title ?? t('chat.title')} · Tandem`}</title>
      <div
        className={`${sidebarOpen ? 'fixed inset-0 z-20 sm:static' : 'hidden'} w-full sm:w-72 sm:border-r sm:border-line md:block`}
      >
        <Sidebar openId={id} searchBox={searchBox} onNavigate={() => setSidebarOpen(false)} />
      </div>
      <section aria-label={chat.title ?? t('chat.new')} className="flex min-w-0 flex-1 flex-col">
        <header className="flex items-center gap-2 px-4 py-2">
          <IconButton label={t('chat.history')} className="md:hidden" onClick={() => setSidebarOpen(true)}>
            <PanelLeft aria-hidden className="size-5" />
          </IconButton>
          <ModelPicker value={model} onChoose={setModel} />
          <h1 className="min-w-0 flex-1 truncate text-sm text-subtle">{chat.title}</h1>
        </header>
        {chat.error !== null && (
          <div className="p-4">
            <Notice tone="danger">{chat.error}</Notice>
          </div>
        )}
        {id === null && chat.live === null ? (
          <div className="grid flex-1 place-content-center p-6 text-center">
            <p className="text-2xl font-semibold">{t('chat.hello')}</p>
          </div>
        ) : (
          <Thread
            key={id}
            steps={chat.steps}
            live={chat.live}
            onBranch={chat.openBranch}
            onEdit={chat.edit}
            onRegenerate={chat.regenerate}
            onRetry={chat.retry}
          />
        )}
        <Composer
          draftKey={id ?? 'new'}
          answering={chat.live?.running === true}
          onSend={(text) => void chat.send(text)}
          onStop={chat.stop}
        />
      </section>
      {help.shown && <ShortcutHelp onClose={help.hide} />}
    </main>
  );
}
