import i18next from 'i18next';
import { ApiError } from '../api/session';

/** Why something did not work, in the language of the UI where its code is known, else in the words of the API. */
export function explain(error: unknown): string {
  if (error instanceof ApiError) return explainCode(error.code, error.message);
  if (error instanceof TypeError) return i18next.t('unreachable.what');
  return error instanceof Error ? error.message : String(error);
}

/** English has the API's own words, which are more exact; another language has what is common, by code. */
export function explainCode(code: string, message: string): string {
  const known = i18next.exists(`problems.${code}`) ? i18next.t(`problems.${code}`) : '';
  if (known === '') return message;
  return i18next.language === 'en' && message !== '' ? message : known;
}
