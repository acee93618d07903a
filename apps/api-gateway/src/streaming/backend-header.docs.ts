import { BACKEND_HEADER } from '#contracts/code';

/** The header that says who gave an answer, for the OpenAPI document. @param who each word that it may be, in a sentence. */
export function backendHeaders(who: string) {
  return {
    [BACKEND_HEADER]: {
      description:
        `${who} Not on a stream that waited in the queue for more than a second and so had to begin before that was known: ` +
        'there the event `meta` says it.',
      schema: { type: 'string' as const },
    },
  };
}
