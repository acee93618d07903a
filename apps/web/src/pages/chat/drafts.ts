const KEY = 'tandem-draft:';

/** What was typed and not sent, by conversation; it survives a reload. */
export const drafts = {
  read: (id: string): string => localStorage.getItem(KEY + id) ?? '',
  write: (id: string, text: string): void => {
    if (text === '') localStorage.removeItem(KEY + id);
    else localStorage.setItem(KEY + id, text);
  },
  clear: (): void => {
    for (const key of Object.keys(localStorage)) if (key.startsWith(KEY)) localStorage.removeItem(key);
  },
};
