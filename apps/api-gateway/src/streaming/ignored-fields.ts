/** Longest part of one name that is repeated to its sender. */
const MAX_NAME_CHARS = 64;
/** Well below the 8 KiB that proxies allow for all headers of an answer, however the names are escaped. */
const MAX_HEADER_CHARS = 2_048;
/** A comma ends a name in this header; anything but printable ASCII would not be a header at all. */
const NOT_PLAIN = /[^\x21-\x2b\x2d-\x7e]/gu;

/** Value of `x-tandem-ignored-fields`: names as clients chose them, so each is cut short and escaped as in a URL. */
export function ignoredFieldsHeader(names: readonly string[]): string {
  let header = '';
  for (const name of names) {
    const plain = name.slice(0, MAX_NAME_CHARS).toWellFormed().replace(NOT_PLAIN, encodeURIComponent);
    const longer = header === '' ? plain : `${header}, ${plain}`;
    if (longer.length > MAX_HEADER_CHARS) break;
    header = longer;
  }
  return header;
}
