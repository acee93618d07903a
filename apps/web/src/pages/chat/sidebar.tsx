import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Download, Pencil, Plus, Trash2, X } from 'lucide-react';
import { memo, useDeferredValue, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, useNavigate } from 'react-router';
import { api } from '../../api/client';
import { download } from '../../api/download';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { explain } from '../../ui/explain';
import { showFailure } from '../../ui/toast';
import { conversationList, type Conversation } from './conversations';
import { groupByAge } from './group-by-age';
import { RenameDialog } from './rename-dialog';

interface SidebarProps {
  openId: string | null;
  searchBox: RefObject<HTMLInputElement | null>;
  /** On a phone it covers the conversation. */
  onClose: () => void;
}

/** The history: search, the conversations by age, and what can be done with one. */
export const Sidebar = memo(function Sidebar({ openId, searchBox, onClose }: SidebarProps) {
  const { t } = useTranslation();
  const [search, setSearch] = useState('');
  const list = useInfiniteQuery(conversationList(useDeferredValue(search.trim())));
  const all = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <aside aria-label={t('chat.history')} className="flex h-full min-h-0 flex-col gap-2 bg-sunken p-3">
      <div className="flex gap-2">
        <NewChat onNavigate={onClose} />
        <IconButton label={t('chat.closeHistory')} onClick={onClose} className="md:hidden">
          <X aria-hidden className="size-5" />
        </IconButton>
      </div>
      <input
        ref={searchBox}
        type="search"
        aria-label={t('chat.search')}
        placeholder={t('chat.search')}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
        className="rounded-lg border border-line bg-raised px-3 py-1.5 text-sm"
      />
      <div className="min-h-0 flex-1 overflow-y-auto">
        {list.isError && <p className="p-2 text-sm text-danger">{explain(list.error)}</p>}
        {list.isSuccess && all.length === 0 && (
          <p className="p-2 text-sm text-subtle">{t(search === '' ? 'chat.noneYet' : 'chat.noneFound')}</p>
        )}
        {groupByAge(all, new Date()).map(({ age, items }) => (
          <section key={age} className="mb-3">
            <h2 className="px-2 py-1 text-xs font-medium text-subtle">{t(`chat.age.${age}`)}</h2>
            <ul>
              {items.map((item) => (
                <Row key={item.id} of={item} isOpen={item.id === openId} onNavigate={onClose} />
              ))}
            </ul>
          </section>
        ))}
        {list.hasNextPage && (
          <Button look="quiet" busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t('chat.more')}
          </Button>
        )}
      </div>
    </aside>
  );
});

function NewChat({ onNavigate }: { onNavigate: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  return (
    <Button
      className="flex-1"
      onClick={() => {
        void navigate('/');
        onNavigate();
      }}
    >
      <Plus aria-hidden className="size-4" /> {t('chat.new')}
    </Button>
  );
}

function Row({ of: item, isOpen, onNavigate }: { of: Conversation; isOpen: boolean; onNavigate: () => void }) {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<'rename' | 'delete' | null>(null);
  const title = item.title ?? t('chat.untitled');
  return (
    <li className={`group flex items-center rounded-lg ${isOpen ? 'bg-raised' : 'hover:bg-raised'}`}>
      <NavLink to={`/c/${item.id}`} onClick={onNavigate} className="min-w-0 flex-1 px-2 py-1.5 text-sm">
        <span className="block truncate">{title}</span>
        {item.match !== null && <span className="block truncate text-xs text-subtle">{item.match.snippet}</span>}
      </NavLink>
      <span className={isOpen ? 'flex' : 'hidden group-focus-within:flex group-hover:flex'}>
        <IconButton label={t('chat.rename', { title })} onClick={() => setDoing('rename')} className="size-7">
          <Pencil aria-hidden className="size-3.5" />
        </IconButton>
        <IconButton
          label={t('chat.export', { title })}
          onClick={() => {
            download(`/api/conversations/${item.id}/export?format=md`, `${fileName(title)}.md`).catch(showFailure);
          }}
          className="size-7"
        >
          <Download aria-hidden className="size-3.5" />
        </IconButton>
        <IconButton label={t('chat.delete', { title })} onClick={() => setDoing('delete')} className="size-7">
          <Trash2 aria-hidden className="size-3.5" />
        </IconButton>
      </span>
      {doing === 'rename' && <RenameDialog of={item} onClose={() => setDoing(null)} />}
      {doing === 'delete' && <DeleteDialog of={item} isOpen={isOpen} onClose={() => setDoing(null)} />}
    </li>
  );
}

function DeleteDialog({ of: item, isOpen, onClose }: { of: Conversation; isOpen: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/conversations/{id}', { params: { path: { id: item.id } } }),
    onSuccess: async () => {
      if (isOpen) await navigate('/');
      await queries.invalidateQueries({ queryKey: ['conversations'] });
      onClose();
    },
    onError: showFailure,
  });
  return (
    <Confirm
      title={t('chat.delete', { title: item.title ?? t('chat.untitled') })}
      what={t('chat.deleteWhat')}
      action={t('chat.deleteDo')}
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}

/** A title as a file name: what no file system takes is left out. */
function fileName(title: string): string {
  return (
    title
      .replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, 80) || 'conversation'
  );
}
