import { FIT_TEXTS, FitTexts, type FitCode, type FitMessage, type FitValues } from '#contracts/fit-texts';
import { GIB } from './units';

/** A sentence that is not written yet: most checks are only tried out, and nobody reads what they say. */
export type Said = Pick<FitMessage, 'code' | 'values'>;

type Given<Code extends FitCode> = keyof FitValues<Code> extends never ? [] : [values: FitValues<Code>];

export function say<Code extends FitCode>(code: Code, ...[values]: Given<Code>): Said {
  return { code, values: values ?? {} };
}

const ENGLISH = new FitTexts('en', FIT_TEXTS);

/** As the API says it. */
export const inEnglish = (message: FitMessage): string => ENGLISH.say(message);

/** Bytes as a value whose name ends with `Gib`: two decimals, as vLLM logs them. */
export const inGib = (bytes: number): number => Number((bytes / GIB).toFixed(2));
