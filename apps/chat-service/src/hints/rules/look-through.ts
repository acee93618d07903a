import { parser as javascript } from '@lezer/javascript';
import { parser as python } from '@lezer/python';
import { CodeTree } from './code-tree';
import { MOST_CODE, RULES, type Finding, type RuleLanguage } from './finding';
import { checkJavaScript } from './javascript-rules';
import { checkPython } from './python-rules';

const PARSERS = {
  python,
  javascript: javascript.configure({ dialect: 'jsx' }),
  typescript: javascript.configure({ dialect: 'ts' }),
};

/** What the rules find in a program, the most urgent first. Pure; its time grows faster than the code, so others are kept apart from it. */
export function lookThrough(text: string, language: RuleLanguage): Finding[] {
  if (text.trim() === '' || text.length > MOST_CODE) return [];
  const code = new CodeTree(text, PARSERS[language].parse(text));
  if (language === 'python') checkPython(code);
  else checkJavaScript(code);
  const urgency = ({ rule, line }: Finding): number => RULES.indexOf(rule) * MOST_CODE + line;
  return code.findings.sort((a, b) => urgency(a) - urgency(b));
}
