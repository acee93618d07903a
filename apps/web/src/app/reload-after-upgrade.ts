const RELOADED_FOR = 'tandem-reloaded-for';

/**
 * After an upgrade of the server the files that an open page names are gone, and the new page knows the new names. Once for
 * each file: one that is missing for good must not make a page reload for ever.
 */
export function reloadAfterUpgrade(): void {
  window.addEventListener('vite:preloadError', (event) => {
    const missing = event.payload.message;
    if (sessionStorage.getItem(RELOADED_FOR) === missing) return;
    sessionStorage.setItem(RELOADED_FOR, missing);
    event.preventDefault();
    location.reload();
  });
}
