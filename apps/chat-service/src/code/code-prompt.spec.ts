import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CODE_MODEL_TYPES, type CodeBody } from '#contracts/code';
import { CodeFactsBook } from './code-facts';
import { codePrompt } from './code-prompt';
import { readTemplates, renderUser } from './prompt-templates';

const ROOT = join(__dirname, '../../../..');
const templates = readTemplates(join(ROOT, 'prompts/code'));
const facts = new CodeFactsBook(join(ROOT, 'models'));
const EMPTY: CodeBody = {
  prompt: '',
  language: null,
  prefix: '',
  suffix: '',
  selection: '',
  error: '',
  temperature: null,
  maxTokens: null,
};

function userMessage(body: Record<string, unknown>): string {
  return (body['messages'] as { content: string }[])[1]?.content ?? '';
}

describe('what an engine is asked for code', () => {
  it('has a template with a version for each type', () => {
    for (const type of CODE_MODEL_TYPES) expect(templates[type]).toMatchObject({ name: type, version: 1 });
  });

  it('is the whole of the request, and nothing of what was not given', () => {
    const request = { ...EMPTY, prompt: 'Sort it.', language: 'go', selection: 'xs := []int{2, 1}' };
    const { body } = codePrompt('prompt', request, templates.prompt, facts.find('llama'));
    expect(userMessage(body)).toBe('Write it in go.\nIt replaces this code:\nxs := []int{2, 1}\nSort it.');
    expect(body).toMatchObject({ temperature: 0.2, top_p: 0.95, max_tokens: 2_048 });
  });

  it('never reads a value as a template', () => {
    const values = { ...EMPTY, language: '', prompt: 'Write {{error}} and $& and {{language}}', error: 'secret' };
    expect(renderUser(templates.prompt, values)).toContain('Write {{error}} and $& and {{language}}');
  });

  it.each([
    ['Qwen/Qwen2.5-Coder-7B-Instruct', true],
    ['qwen/qwen2.5-coder-14b-instruct-awq', true],
    ['/models/Qwen2.5-Coder-32B-Instruct/', true],
    ['Qwen/Qwen3-Coder-30B-A3B-Instruct', true],
    ['Qwen/Qwen2.5-7B-Instruct', false],
    ['somebody/else', false],
  ])('%s has fill-in-the-middle tokens: %s', (name, has) => {
    const request = { ...EMPTY, prefix: 'a = ', suffix: '\n' };
    const { path, cleaner } = codePrompt('autocomplete', request, templates.autocomplete, facts.find(name));
    expect(path).toBe(has ? '/v1/completions' : '/v1/chat/completions');
    expect(cleaner === null).toBe(has);
  });

  it('is a chat where an instruction comes with the code, or the tokens stand in the code', () => {
    const coder = facts.find('Qwen/Qwen2.5-Coder-7B-Instruct');
    for (const request of [
      { ...EMPTY, prefix: 'a = ', prompt: 'Use a dict.' },
      { ...EMPTY, prefix: 'a = "<|fim_middle|>"' },
      { ...EMPTY, prefix: 'a = ', suffix: '<|endoftext|>' },
    ])
      expect(codePrompt('autocomplete', request, templates.autocomplete, coder).path).toBe('/v1/chat/completions');
  });

  it('leaves room for the thinking of a model whose template begins with it', () => {
    const request = { ...EMPTY, prompt: 'x' };
    const r1 = codePrompt('prompt', request, templates.prompt, facts.find('deepseek-ai/DeepSeek-R1-Distill-Qwen-14B'));
    expect(r1).toMatchObject({ cleaner: { startsThinking: true }, body: { max_tokens: 4_096 } });
    const given = { ...request, maxTokens: 100 };
    expect(codePrompt('prompt', given, templates.prompt, facts.find('x')).body['max_tokens']).toBe(100);
  });

  it('has whole lines around the cursor, and no half of a surrogate pair', () => {
    const prefix = `${'🚀'.repeat(20_000)}\nlast line`;
    const request = { ...EMPTY, prefix, suffix: '🚀'.repeat(2_001) };
    const { body, droppedChars } = codePrompt('autocomplete', request, templates.autocomplete, facts.find('x'));
    expect(userMessage(body)).toContain('<before>\nlast line</before>');
    expect(userMessage(body).isWellFormed()).toBe(true);
    expect(droppedChars).toBe(40_001 + 2);
  });

  it('sends fields of vLLM to vLLM alone', () => {
    const request = { ...EMPTY, prompt: 'x' };
    expect(codePrompt('prompt', request, templates.prompt, facts.find('x')).body).toHaveProperty(
      'chat_template_kwargs',
    );
    expect(codePrompt('prompt', request, templates.prompt, facts.find('x'), false).body).not.toHaveProperty(
      'chat_template_kwargs',
    );
  });
});

describe('templates of the code assistant', () => {
  const GOOD = {
    version: 1,
    system: 'x',
    user: [{ text: 'x' }],
    sampling: { temperature: 0, topP: 1, maxTokens: 1 },
    window: { prefixChars: 1, suffixChars: 1 },
    stop: [],
  };

  it.each([
    ['prompt.yaml: user.0.text: knows only the placeholders', { user: [{ text: '{{nobody}}' }] }],
    ['prompt.yaml: version', { version: 'none' }],
    ['prompt.yaml: : Unrecognized key', { surprise: 1 }],
    ['prompt.yaml: name: must be prompt', { name: 'comment' }],
  ])('are refused with file and field (%s)', (message, wrong) => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-templates-'));
    // JSON is YAML.
    for (const name of CODE_MODEL_TYPES)
      writeFileSync(
        join(folder, `${name}.yaml`),
        JSON.stringify({ name, ...GOOD, ...(name === 'prompt' ? wrong : {}) }),
      );
    try {
      expect(() => readTemplates(folder)).toThrow(message);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
