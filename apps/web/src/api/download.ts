import { authorizedFetch } from './authorized-fetch';

/** A link cannot carry the access token, so a file is fetched and then saved. @throws ApiError */
export async function download(path: string, name: string): Promise<void> {
  saveFile(await (await authorizedFetch(path)).blob(), name);
}

/** Hands the browser a file. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
