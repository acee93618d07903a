/** The header line by which a server knows us; nothing for one without a key. */
export function authorization(apiKey: string | null): string {
  return apiKey === null ? '' : `Authorization: Bearer ${apiKey}\r\n`;
}
