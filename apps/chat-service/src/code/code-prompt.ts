import { MAX_THINKING_TOKENS, type CodeBody, type CodeModelType } from '#contracts/code';
import { partOfWindow } from '../context/fit-windows';
import type { CodeFacts, FillInTheMiddle } from './code-facts';
import type { CleanerOptions } from './output-cleaner';
import { renderUser, type PromptTemplate } from './prompt-templates';

/** What the engine is asked, and how its answer is to be read. */
export interface CodePrompt {
  path: '/v1/completions' | '/v1/chat/completions';
  /** The engine's request, without `model` and `stream`. */
  body: Record<string, unknown>;
  /** Null: every character of the answer is code. */
  cleaner: CleanerOptions | null;
  /** Name and version of the template. */
  template: string;
  droppedChars: number;
  /** The longest answer that is asked for, tokens. */
  answerTokens: number;
}

/** Version of the fill-in-the-middle form, which is the model's own and no file of ours. */
const FIM_TEMPLATE = 'fim@1';
/** A shorter end of a line may well be where another word begins. */
const SHORTEST_ECHO = 4;
/** Asked for these, an answer may be sentences and hold fences itself. */
const PROSE_LANGUAGES = new Set([
  'markdown',
  'md',
  'mdx',
  'text',
  'plaintext',
  'txt',
  'rst',
  'asciidoc',
  'latex',
  'tex',
]);

/** A line of these may be a word between brackets, as the tags of some models are. */
const TAGGED_LANGUAGES = new Set([
  ...['ini', 'toml', 'cfg', 'conf', 'properties', 'systemd', 'editorconfig'],
  ...['xml', 'html', 'xhtml', 'svg', 'xsl', 'xslt', 'vue', 'svelte'],
]);

/** What an engine is sent for a request to the code assistant. `ownEngine`: it understands vLLM's own fields. */
export function codePrompt(
  modelType: CodeModelType,
  request: CodeBody,
  template: PromptTemplate,
  facts: CodeFacts,
  ownEngine = true,
): CodePrompt {
  const { prefix, suffix, droppedChars } = windowOf(request, template.window);
  const windowed = { ...request, prefix, suffix };
  const sampling = samplingOf(request, template, facts);
  const fim = fimFor(modelType, windowed, facts);
  if (fim !== null) {
    return {
      path: '/v1/completions',
      body: { prompt: `${fim.prefix}${prefix}${fim.suffix}${suffix}${fim.middle}`, ...sampling, stop: fim.stop },
      cleaner: null,
      template: FIM_TEMPLATE,
      droppedChars,
      answerTokens: sampling.max_tokens,
    };
  }
  const language = request.language ?? '';
  const body = {
    messages: [
      { role: 'system', content: template.system.trim() },
      { role: 'user', content: renderUser(template, { ...windowed, language }) },
    ],
    ...sampling,
    ...(template.stop.length > 0 ? { stop: template.stop } : {}),
    // Templates that know it (Qwen3, for one) leave the thinking out.
    ...(ownEngine ? { chat_template_kwargs: { enable_thinking: false } } : {}),
  };
  return {
    path: '/v1/chat/completions',
    body,
    cleaner: {
      startsThinking: facts.templateOpensThinking,
      prose: PROSE_LANGUAGES.has(language.toLowerCase()),
      tagsAreCode: TAGGED_LANGUAGES.has(language.toLowerCase()),
      ...(modelType === 'autocomplete' ? { echo: echoOf(prefix) } : {}),
    },
    template: `${template.name}@${template.version}`,
    droppedChars,
    answerTokens: sampling.max_tokens,
  };
}

/** The template with a share of what it would show of the code around the cursor. */
export function withWindow(template: PromptTemplate, { prefix, suffix }: CodeBody, share: number): PromptTemplate {
  if (share === 1) return template;
  const { prefixChars, suffixChars } = template.window;
  return {
    ...template,
    window: {
      prefixChars: partOfWindow(prefix, prefixChars, share),
      suffixChars: partOfWindow(suffix, suffixChars, share),
    },
  };
}

function samplingOf(
  { temperature, maxTokens }: CodeBody,
  { sampling }: PromptTemplate,
  facts: CodeFacts,
): { temperature: number; top_p: number; max_tokens: number } {
  // A model that thinks before it answers needs room for it.
  const thinking = facts.templateOpensThinking ? MAX_THINKING_TOKENS : 0;
  return {
    temperature: temperature ?? sampling.temperature,
    top_p: sampling.topP,
    max_tokens: maxTokens ?? sampling.maxTokens + thinking,
  };
}

/** Null where a chat prompt is better: an instruction has no place between the tokens, nor have the tokens themselves. */
function fimFor(modelType: CodeModelType, request: CodeBody, { fim }: CodeFacts): FillInTheMiddle | null {
  if (modelType !== 'autocomplete' || fim === null || request.prompt !== '') return null;
  const marks = [fim.prefix, fim.suffix, fim.middle, ...fim.stop];
  return marks.some((mark) => request.prefix.includes(mark) || request.suffix.includes(mark)) ? null : fim;
}

/** As much around the cursor as the template takes, in whole lines where there are any. */
function windowOf(
  { prefix, suffix }: CodeBody,
  { prefixChars, suffixChars }: PromptTemplate['window'],
): { prefix: string; suffix: string; droppedChars: number } {
  const before = prefix.length <= prefixChars ? prefix : lastLines(prefix.slice(prefix.length - prefixChars));
  const after = suffix.length <= suffixChars ? suffix : firstLines(suffix.slice(0, suffixChars));
  return { prefix: before, suffix: after, droppedChars: prefix.length + suffix.length - before.length - after.length };
}

function lastLines(text: string): string {
  const start = text.indexOf('\n') + 1;
  return withoutHalves(start < text.length ? text.slice(start) : text);
}

function firstLines(text: string): string {
  const end = text.lastIndexOf('\n');
  return withoutHalves(end > 0 ? text.slice(0, end + 1) : text);
}

/** The cut may have parted a surrogate pair. */
function withoutHalves(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}

/** The line in front of the cursor, which chat models like to begin with. */
function echoOf(prefix: string): string {
  const line = prefix.slice(prefix.lastIndexOf('\n') + 1).trimStart();
  return line.trimEnd().length < SHORTEST_ECHO ? '' : line;
}
