import fc from 'fast-check';
import { OutputCleaner, type CleanerOptions } from './output-cleaner';

const JAY = 'print("Jay")';
const FUNCTION = 'def add(a, b):\n    """Adds.\n\n    This function is small.\n    """\n\n    return a + b';

/** All pieces of the code, as they became certain. */
function pieces(answer: readonly string[], options?: CleanerOptions): string[] {
  const cleaner = new OutputCleaner(options);
  return [...answer.map((piece) => cleaner.push(piece)), cleaner.end()];
}

function clean(answer: string, options?: CleanerOptions): string {
  return pieces([answer], options).join('');
}

/** In pieces of so many characters, as tokens come. */
function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
}

/** The wrappings in which models of the Qwen, Llama, DeepSeek, Mistral and EXAONE families give a line of code: rebuilt, not recorded. */
const WRAPPINGS: [string, (code: string) => string][] = [
  ['nothing around it', (code) => code],
  ['a line end behind it', (code) => `${code}\n`],
  ['a fence', (code) => `\`\`\`python\n${code}\n\`\`\``],
  ['a fence without a language', (code) => `\`\`\`\n${code}\n\`\`\`\n`],
  ['tildes', (code) => `~~~python\n${code}\n~~~`],
  ['four back quotes', (code) => `\`\`\`\`python\n${code}\n\`\`\`\``],
  ['CRLF', (code) => `\`\`\`python\r\n${code}\r\n\`\`\`\r\n`],
  ['an introduction', (code) => `Here is the code:\n\n\`\`\`python\n${code}\n\`\`\``],
  [
    'an eager introduction',
    (code) => `Sure! Here's a simple Python one-liner (tested):\n\n\`\`\`python\n${code}\n\`\`\``,
  ],
  ['two introductions', (code) => `Certainly!\n\nBelow is what you asked for.\n\`\`\`py\n${code}\n\`\`\``],
  ['an introduction of another kind', (code) => `A short solution for that would be:\n\`\`\`python\n${code}\n\`\`\``],
  ['an introduction without a fence', (code) => `Here is the code you asked for:\n\n${code}`],
  [
    'an explanation behind it',
    (code) => `\`\`\`python\n${code}\n\`\`\`\n\nThis code prints a name. Let me know if you need more!`,
  ],
  ['an explanation without fences', (code) => `${code}\n\nThis code calls the built-in function.`],
  ['both', (code) => `Here is the code:\n\`\`\`python\n${code}\n\`\`\`\nExplanation:\n- it prints`],
  [
    'an example of use behind it',
    (code) => `\`\`\`python\n${code}\n\`\`\`\n\nExample usage:\n\`\`\`bash\npython jay.py\n\`\`\``,
  ],
  ['thinking', (code) => `<think>\nThe user wants \`\`\`python\nprint(1)\n\`\`\` maybe.\n</think>\n\n${code}`],
  ['thinking and a fence', (code) => `<think>\n\n</think>\n\n\`\`\`python\n${code}\n\`\`\``],
  ['an answer of Hunyuan', (code) => `<think>\nx\n</think>\n<answer>\n\`\`\`python\n${code}\n\`\`\`\n</answer>`],
  ['a bare answer of Hunyuan', (code) => `<think>x</think><answer>${code}</answer>`],
  ['thinking of EXAONE Deep', (code) => `<thought>\nMaybe \`\`\`x\`\`\`.\n</thought>\n\n\`\`\`python\n${code}\n\`\`\``],
  ['thinking of Magistral', (code) => `[THINK]Add them.[/THINK]${code}`],
  ['thinking of K2', (code) => `<ifm|think_fast>\nx = 1\n</ifm|think_fast>\n${code}`],
  ['thinking of Seed', (code) => `<seed:think>\nx = 1\n</seed:think>${code}`],
  ['thinking of Kimi', (code) => `◁think▷x = 1◁/think▷\n${code}`],
  [
    'thinking of Granite',
    (code) => `Here is my thought process:\nx = 1\n\ny = 2\n\nHere is my response:\n\n\`\`\`python\n${code}\n\`\`\``,
  ],
  [
    'Korean words around it',
    (code) => `다음은 요청하신 코드입니다:\n\n\`\`\`python\n${code}\n\`\`\`\n\n이 코드는 이름을 출력합니다.`,
  ],
  [
    'two paragraphs and a name of code in them',
    (code) =>
      `Certainly! Below is a Python function named \`add\` that takes two numbers as input. If one is no number, it is converted first.\n\nHere's the implementation:\n\n\`\`\`python\n${code}\n\`\`\`\n\n### How it works:\n1. It takes both.\n`,
  ],
  [
    'a heading with the name of a file',
    (code) =>
      `Certainly! Below is a module. It adheres to the conventions, type hints included.\n\n### \`adder.py\`\n\n\`\`\`python\n${code}\n\`\`\`\n\n### Notes\n- none`,
  ],
  [
    'a plan in steps',
    (code) =>
      `To solve this problem, we need to add two numbers (\\( a \\) and \\( b \\)). The approach involves:\n\n1. Read both.\n2. Add them.\n\nHere's the code:\n\n\`\`\`python\n${code}\n\`\`\``,
  ],
  [
    'thinking, an approach with points, and a heading',
    (code) =>
      `<think>\nOkay, so I need to add. Maybe:\n\n\`\`\`python\nwrong()\n\`\`\`\n\nWait, no.\n</think>\n\nTo solve this, we add.\n\n### Approach\n1. **Read**: both\n2. **Add**: them\n- Take care of \`None\`.\n\n---\n\n### Solution Code\n\`\`\`python\n${code}\n\`\`\`\n\n### Explanation\n- **Read**: both`,
  ],
  [
    'thinking, bold headings',
    (code) =>
      `<think>\n\n</think>\n\n**Step-by-Step Explanation:**\n\n1. **Read**: both\n\n**Solution Code:**\n\n\`\`\`python\n${code}\n\`\`\``,
  ],
  ['a title', (code) => `# Solution\n\nThe function below adds two numbers.\n\n\`\`\`python\n${code}\n\`\`\``],
  ['a bold answer', (code) => `**Answer:**\n\n\`\`\`python\n${code}\n\`\`\``],
  ['a space of the tokenizer before the fence', (code) => ` \`\`\`python\n${code}\n\`\`\``],
  ['the tags of Code Llama', (code) => ` [PYTHON]\n${code}\n[/PYTHON]\n[TESTS]\nassert True\n[/TESTS]`],
  ['an introduction and tags', (code) => `Here is the code:\n\n[CODE]\n${code}\n[/CODE]\nThis code adds.`],
  ['a fence within tags', (code) => `[PYTHON]\n\`\`\`python\n${code}\n\`\`\`\n[/PYTHON]`],
  ['tags within a fence', (code) => `\`\`\`\n[PYTHON]\n${code}\n[/PYTHON]\n\`\`\``],
  ['a tag that only ends it', (code) => `${code}\n[/PYTHON]\nThis code adds.`],
  ['the next turn of the chat behind it', (code) => `${code}\n[INST] And now in Ruby. [/INST]\nputs 1`],
  ['the end of an instruction before it', (code) => `[/INST]  ${code}`],
  ['an instruction before it', (code) => `[INST] Add \`a\` and \`b\`:\nx = 1 [/INST]\n[PYTHON]\n${code}\n[/PYTHON]`],
  ['Korean words without a fence', (code) => `물론입니다!\n${code}\n\n위 코드는 이름을 출력합니다.`],
];

describe('the code that is taken out of what a model says', () => {
  describe.each(WRAPPINGS)('with %s', (_, wrap) => {
    it.each([1, 2, 3, 7, 1_000])('is exactly the code, in pieces of %i characters', (size) => {
      expect(pieces(cut(wrap(JAY), size)).join('')).toBe(JAY);
      expect(pieces(cut(wrap(FUNCTION), size)).join('')).toBe(FUNCTION);
    });
  });

  it.each([
    ['single back quotes', `\`${JAY}\``],
    ['single back quotes and a word', `\`${JAY}\` prints it.`],
    ['a sentence', `Sure, you can use \`${JAY}\` for that.`],
    ['a fence on one line', `\`\`\`${JAY}\`\`\``],
    ['a space in front', ` ${JAY}`],
    ['tags on one line', `[PYTHON] ${JAY} [/PYTHON]`],
    ['tags in a sentence', `Sure: [PYTHON]${JAY}[/PYTHON]`],
  ])('is exactly the line within %s', (_, answer) => {
    for (const size of [1, 3, 1_000]) expect(pieces(cut(answer, size)).join('')).toBe(JAY);
  });

  it('begins behind the thinking of a model whose template has opened it', () => {
    expect(clean(`Okay, print.\n</think>\n\n${JAY}`, { startsThinking: true })).toBe(JAY);
    expect(clean('I never came to an end', { startsThinking: true })).toBe('');
  });

  it('does not lose code that begins like a sentence', () => {
    for (const code of [
      'Sure = 1',
      'here.is_it()',
      'Output: str = "x"',
      'Ok()',
      'note = 3',
      '이름 = "제이"',
      'Select name from users',
      '# adder.py\n\nx = 1',
      '# adds\nx = 1',
      '#include <stdio.h>',
      '**p = 1;',
      '1.5 + x',
      '- name: x\n  run: y',
      '---\na: 1',
      'Dim x As Integer',
      'Class Foo extends Bar',
    ])
      for (const size of [1, 1_000]) expect(pieces(cut(code, size)).join('')).toBe(code);
  });

  it('is the code between tags wherever the answer is cut', () => {
    const answer = `Here you go:\n[PYTHON]\nx = a[0]\ny = b[/**/]\n${JAY}[/PYTHON]\n[INST] more [/INST]`;
    for (let at = 0; at <= answer.length; at++)
      expect(pieces([answer.slice(0, at), answer.slice(at)]).join('')).toBe(`x = a[0]\ny = b[/**/]\n${JAY}`);
  });

  it('holds back no more than a tag can be', () => {
    expect(pieces(['[PYTHON]\n', 'x', ' = a[', '0]', ' [', '/PY', '"]'])).toEqual([
      ...['', 'x', ' = a', '[0]', '', '', ' [/PY"]', ''],
    ]);
    expect(pieces(['[', 'x', ' for'])).toEqual(['', '[x', ' for', '']);
    expect(pieces(['[/PYTHON', 'S]'])).toEqual(['', '[/PYTHONS]', '']);
  });

  it('leaves tags where they may be code', () => {
    for (const code of ['[DEFAULT]\na = 1', '[1, 2]', 'x = 1\n[CODE] = y', '[INSTALL]\na = 1'])
      for (const size of [1, 1_000]) expect(pieces(cut(code, size)).join('')).toBe(code);
    const file = '[CODE]\na = 1\n\n[PYTHON]\nb = 2';
    expect(clean(file, { tagsAreCode: true })).toBe(file);
    expect(clean(file, { prose: true })).toBe(file);
    const document = '<answer>\n  <to/>\n</answer>';
    expect(clean(document, { tagsAreCode: true })).toBe(document);
    expect(pieces(['<', 'div', '>']).join('')).toBe('<div>');
  });

  it('keeps the fences of an answer that is Markdown itself', () => {
    const readme = '# Title\n\n```sh\nnpm test\n```\n\nThis is all.';
    expect(clean(`\`\`\`\`markdown\n${readme}\n\`\`\`\``)).toBe(readme);
    expect(clean(`\`\`\`markdown\n${readme}\n\`\`\``)).toBe(readme);
    expect(clean(readme, { prose: true })).toBe(readme);
  });

  it('takes the indentation of an indented fence away, and keeps that of the code', () => {
    expect(clean('Here it is:\n   ```python\n   if x:\n       y()\n   ```')).toBe('if x:\n    y()');
    expect(clean('    return a + b')).toBe('    return a + b');
  });

  it('does not repeat the line that stands in front of the cursor already', () => {
    const echo = 'total = ';
    for (const size of [1, 4, 1_000]) {
      expect(pieces(cut('```python\ntotal = sum(xs)\n```', size), { echo }).join('')).toBe('sum(xs)');
      expect(pieces(cut('sum(xs)', size), { echo }).join('')).toBe('sum(xs)');
      expect(pieces(cut('total_of(xs)', size), { echo }).join('')).toBe('total_of(xs)');
    }
  });

  it('leaves each piece of plain code at once, but for white space and what may be a fence', () => {
    expect(pieces(['print', '(', '"Jay"', ')'])).toEqual(['print', '(', '"Jay"', ')', '']);
    expect(pieces(['a = 1', '\n', 'b = 2'])).toEqual(['a = 1', '', '\nb = 2', '']);
  });

  it('is the same however the answer is cut', () => {
    const part = fc.constantFrom(
      '```',
      '\n',
      '`',
      'Here is',
      ':',
      'x = 1',
      ' ',
      '"""',
      '<think>',
      '</think>',
      '\r\n',
      '설명',
      'This code',
      '# ',
      '## A',
      '1. A',
      '**A**',
      '- A b',
      'To solve it, we',
      'A b.',
      '---',
      '[PYTHON]',
      '[/PYTHON]',
      '[',
      '[INST]',
      '[/INST]',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (parts, size) => {
        const answer = parts.join('');
        expect(pieces(cut(answer, size)).join('')).toBe(clean(answer));
      }),
    );
  });
});
