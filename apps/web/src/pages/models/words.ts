import { FitTexts, type FitMessage } from '#contracts/fit-texts';
import korean from '../../locales/models-ko.json';

const KOREAN = new FitTexts('ko', korean.fit);

/** A sentence of the fit check in the language of the UI; `english` is the API's own. */
export function fitText(language: string, message: FitMessage | undefined, english: string): string {
  return language === 'ko' && message !== undefined && message.code in korean.fit ? KOREAN.say(message) : english;
}

/** What to do about a failure, by its code; `english` is the API's own. */
export function adviceText(language: string, code: string, english: string): string {
  const known: Readonly<Record<string, string>> = korean.advice;
  return language === 'ko' ? (known[code] ?? english) : english;
}
