import type { HintBody, HintTurn } from '#contracts/hints';
import { MAX_THINKING_TOKENS } from '#contracts/code';
import type { CodeFacts } from '../code/code-facts';
import { withoutThinking } from '../code/thinking';
import { partOfWindow } from '../context/fit-windows';
import { renderUser, type HintTemplate } from './hint-templates';

/** What a model is asked for a hint. */
export interface HintPrompt {
  /** The engine's request, without `model` and `stream`: the first, and the one for an answer that gave too much away. */
  first: Readonly<Record<string, unknown>>;
  again: Readonly<Record<string, unknown>>;
  /** The longest answer that is asked for, tokens. */
  answerTokens: number;
  /** Name and version of the template. */
  template: string;
  droppedChars: number;
}

/** Between the marks stands the student's material, so the marks themselves may not stand in it. */
const MARK = /<\s*\/?\s*(?:problem|code)\s*>/gi;
/** Stands where something was left out. */
const GAP = '\n[...]\n';

/** @param ownEngine it understands vLLM's own fields. */
export function hintPrompt(
  { problem, code, language }: HintBody,
  { level, locale }: HintTurn,
  template: HintTemplate,
  facts: CodeFacts,
  ownEngine: boolean,
): HintPrompt {
  const { problemChars, codeChars } = template.window;
  const shown = { problem: middleOut(problem, problemChars), code: middleOut(code, codeChars) };
  const instructions = [template.system, template.levels[level], template.locales[locale]].join('\n');
  const user = renderUser(template, {
    problem: shown.problem.text.replace(MARK, ''),
    code: shown.code.text.replace(MARK, ''),
    language: language ?? '',
  });
  const { temperature, topP, maxTokens } = template.sampling;
  // A model that thinks before it answers needs room for it.
  const answerTokens = maxTokens + (facts.templateOpensThinking ? MAX_THINKING_TOKENS : 0);
  const body = (system: string): HintPrompt['first'] => ({
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: `${user}\n${template.levels[level]} ${template.locales[locale]}` },
    ],
    temperature,
    top_p: topP,
    max_tokens: answerTokens,
    // Templates that know it (Qwen3, for one) leave the thinking out.
    ...(ownEngine ? { chat_template_kwargs: { enable_thinking: false } } : {}),
  });
  return {
    first: body(instructions),
    answerTokens,
    again: body(`${instructions}\n${template.again}`),
    template: `${template.name}@${template.version}`,
    droppedChars: shown.problem.dropped + shown.code.dropped,
  };
}

/** The template with a share of what it would show of problem and code. */
export function withHintWindow(template: HintTemplate, { problem, code }: HintBody, share: number): HintTemplate {
  if (share === 1) return template;
  const { problemChars, codeChars } = template.window;
  return {
    ...template,
    window: {
      problemChars: partOfWindow(problem, problemChars, share),
      codeChars: partOfWindow(code, codeChars, share),
    },
  };
}

/** What the model says to the student: what it thought before is none of it. */
export function spokenPart(answer: string, facts: Pick<CodeFacts, 'templateOpensThinking'>): string {
  return withoutThinking(answer, facts.templateOpensThinking).trim();
}

/** The beginning and the end of a text that is too long: an exercise has its question there, code its start and its last change. */
function middleOut(text: string, most: number): { text: string; dropped: number } {
  if (text.length <= most) return { text, dropped: 0 };
  const start = Math.ceil(most / 2);
  const head = text.slice(0, start).replace(/[\ud800-\udbff]$/, '');
  const tail = text.slice(text.length - (most - start)).replace(/^[\udc00-\udfff]/, '');
  return { text: `${head}${GAP}${tail}`, dropped: text.length - head.length - tail.length };
}
