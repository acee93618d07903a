import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useEffect, useRef, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../ui/button';
import type { Message } from './conversations';
import { LiveView } from './live-view';
import { loadMarkdown } from './markdown-loader';
import { MessageView, type MessageActions } from './message-view';
import type { Step } from './message-tree';

/** A guess; each row is measured when it is seen. */
const ROW_PX = 160;
/** So near to the end counts as being there. */
const AT_END_PX = 80;

interface ThreadProps extends MessageActions {
  id: string;
  steps: readonly Step<Message>[];
  /** False while an answer is being written. */
  canChange: boolean;
  onRetry: () => void;
}

/** The shown path, of which only what is in view is in the page, and the answer that is being written. */
export function Thread({ id, steps, canChange, onRetry, ...actions }: ThreadProps) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => steps[index]?.message.id ?? index,
    overscan: 4,
  });
  const { atEnd, onScroll, toEnd } = useFollowedEnd(scroller, content);
  const stable = useStable(actions);
  useEffect(loadMarkdown, []);
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} onScroll={onScroll} className="h-full overflow-y-auto [overflow-anchor:none]">
        <div ref={content} className="mx-auto w-full max-w-3xl px-4 py-6">
          <div className="relative w-full" style={{ height: rows.getTotalSize() }}>
            {rows.getVirtualItems().map(({ index, key, start }) => {
              const step = steps[index];
              if (step === undefined) return null;
              return (
                <div
                  key={key}
                  ref={rows.measureElement}
                  data-index={index}
                  className="absolute inset-x-0 pb-6"
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <MessageView step={step} canChange={canChange} actions={stable} />
                </div>
              );
            })}
          </div>
          <LiveView id={id} onRetry={onRetry} />
        </div>
      </div>
      {!atEnd && (
        <IconButton
          label={t('chat.toEnd')}
          onClick={toEnd}
          className="absolute bottom-3 left-1/2 -translate-x-1/2 rounded-full border border-line bg-raised shadow-md"
        >
          <ArrowDown aria-hidden className="size-4" />
        </IconButton>
      )}
    </div>
  );
}

/** The same object for good, which always does what the newest props say: a row is drawn again for its own sake only. */
function useStable(actions: MessageActions): MessageActions {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  const [stable] = useState<MessageActions>(() => ({
    onBranch: (id) => latest.current.onBranch(id),
    onEdit: (message, text) => latest.current.onEdit(message, text),
    onRegenerate: (answer) => latest.current.onRegenerate(answer),
  }));
  return stable;
}

/** Keeps the end in view while the content grows, until the reader scrolls away from it. */
function useFollowedEnd(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>) {
  const following = useRef(true);
  const [atEnd, setAtEnd] = useState(true);
  useEffect(() => {
    const [outer, inner] = [scroller.current, content.current];
    if (outer === null || inner === null) return;
    const observer = new ResizeObserver(() => {
      if (following.current) outer.scrollTo({ top: outer.scrollHeight });
    });
    observer.observe(inner);
    observer.observe(outer);
    return () => observer.disconnect();
  }, [scroller, content]);
  return {
    atEnd,
    onScroll: () => {
      const element = scroller.current;
      if (element === null) return;
      following.current = element.scrollHeight - element.scrollTop - element.clientHeight < AT_END_PX;
      setAtEnd(following.current);
    },
    toEnd: () => {
      following.current = true;
      scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
    },
  };
}
