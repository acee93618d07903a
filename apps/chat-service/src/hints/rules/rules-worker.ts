import { parentPort } from 'node:worker_threads';
import { RULES_READY, type Finding, type RuleLanguage } from './finding';
import { lookThrough } from './look-through';

/** What the worker is asked. */
export interface RulesAsk {
  id: number;
  code: string;
  language: RuleLanguage;
}

export interface RulesAnswer {
  id: number;
  findings: Finding[];
}

parentPort?.on('message', ({ id, code, language }: RulesAsk) => {
  const answer: RulesAnswer = { id, findings: found(code, language) };
  parentPort?.postMessage(answer);
});

parentPort?.postMessage(RULES_READY);

/** Code that is nested deeper than a stack reaches has no findings. */
function found(code: string, language: RuleLanguage): Finding[] {
  try {
    return lookThrough(code, language).slice(0, 1);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}
