import type { KeyboardEvent } from 'react';

/** Whether a key belongs to an input method that composes, as for Korean: then Enter ends a syllable and sends nothing. */
export function isComposing(event: KeyboardEvent): boolean {
  // 229: Safari ends the composition before it sends the Enter that ended it.
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells it in Safari
  return event.nativeEvent.isComposing || event.keyCode === 229;
}

/** As a ref: what opens to be typed into has the focus, behind its last word. */
export function focusEnd(area: HTMLTextAreaElement | null): void {
  area?.focus();
  area?.setSelectionRange(area.value.length, area.value.length);
}
