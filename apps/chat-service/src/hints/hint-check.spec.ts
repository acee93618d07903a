import { refusalOf, type CheckOptions } from './hint-check';

const CODE = `def average(numbers):
    total = 0
    for i in range(len(numbers) + 1):
        total += numbers[i]
    return total / len(numbers)
`;

function check(hint: string, over: Partial<CheckOptions> = {}): ReturnType<typeof refusalOf> {
  return refusalOf(hint, { code: CODE, newCodeLines: 2, maxChars: 1_600, ...over });
}

describe('the check of a hint', () => {
  it.each([
    'Which are the valid places of a list with three items?',
    'Look at your line `for i in range(len(numbers) + 1):`. What is the last value of `i`?',
    'What happens when n = 0? Does your function still return something, or does it fail?',
    'Your loop runs once too often. Compare `len(numbers)` with the last index you read.',
    'In JavaScript, `==` and `===` ask two different questions. Which one does your condition in line 4 need?',
    'What does the function return when the list is empty: a number, or nothing at all?',
    'Think about the function that calls itself: when does it stop? And what is the answer for 0 and for 1?',
    'You wrote:\n```python\n    for i in range(len(numbers) + 1):\n        total += numbers[i]\n```\nWhich value of i is the last?',
    '반복문의 범위를 다시 보세요. 마지막 `i`는 얼마인가요?',
    '`total += numbers[i]` 줄에서 오류가 납니다. 길이가 3인 리스트의 마지막 번호는 무엇일까요?',
    '함수가 빈 리스트를 받으면 무엇을 돌려줘야 할까요? 나누기를 하기 전에 생각해 보세요.',
    'If you get an IndexError, which index was asked for? While you debug, print each value of i and compare.',
    'Is the order right: first the check, then the division? What would you see for an empty list?',
    'Line 3 is where it goes wrong. Step 1: take a list of one item. Step 2: say aloud which places are read.',
  ])('lets a hint pass that leaves the work to the student: %s', (hint) => {
    expect(check(hint)).toBeNull();
    expect(check(hint, { newCodeLines: 0 })).toBeNull();
  });

  const SOLUTION =
    'def average(numbers):\n    if not numbers:\n        return 0\n    return sum(numbers) / len(numbers)';
  it.each([
    ['in a fence', `Like this:\n\`\`\`python\n${SOLUTION}\n\`\`\``],
    ['in a fence that is never closed', `~~~\n${SOLUTION}`],
    ['without a fence', `Try:\n\n${SOLUTION}`],
    [
      'as a list',
      SOLUTION.split('\n')
        .map((line, at) => `${at + 1}. \`${line.trim()}\``)
        .join('\n'),
    ],
    [
      'with line numbers',
      SOLUTION.split('\n')
        .map((line, at) => `Line ${at + 1}: ${line.trim()}`)
        .join('\n'),
    ],
    [
      'as a quotation',
      SOLUTION.split('\n')
        .map((line) => `> ${line}`)
        .join('\n'),
    ],
    [
      'as a table',
      SOLUTION.split('\n')
        .map((line) => `| ${line} |`)
        .join('\n'),
    ],
    ['in one line', 'def average(n): return sum(n) / len(n) if n else 0'],
    ['in a span', 'You want `return sum(numbers) / len(numbers)` at the end.'],
    ['as a sentence', 'Write def average(numbers): and then return sum(numbers) / max(len(numbers), 1).'],
    ['in spans of a sentence', 'First `def average(ns):`, below it `s = sum(ns)`, and last `return s / len(ns)`.'],
    ['as a lambda', 'Have you thought of lambda ns: sum(ns) / len(ns)?'],
    ['as an arrow function', 'Try `const average = (ns) => ns.reduce((a, b) => a + b, 0) / ns.length`.'],
    [
      'as a function of JavaScript',
      'function average(ns) {\n  let s = 0;\n  for (const n of ns) s += n;\n  return s / ns.length;\n}',
    ],
    [
      'spelled out',
      'return sum open parenthesis numbers close parenthesis divided by len open paren numbers close paren',
    ],
    ['spelled out in Korean', 'return total 나누기 count 라고 쓰세요'],
    ['with invisible characters', SOLUTION.replace(/return/g, 're\u200bturn').replace(/def/g, 'd\u2060ef')],
    ['in full width', 'ｄｅｆ　ａｖｅｒａｇｅ（ｎｓ）：　ｒｅｔｕｒｎ　ｓｕｍ（ｎｓ）／ｌｅｎ（ｎｓ）'],
    ['backwards', Array.from('return sum(ns) / len(ns)').reverse().join('')],
    ['in base 64', Buffer.from(SOLUTION).toString('base64')],
    ['in hexadecimal digits', Buffer.from(SOLUTION).toString('hex')],
    ['announced', 'Here is the corrected code, as you asked.'],
    ['announced in Korean', '정답은 다음과 같습니다.'],
    ['as many new lines', 'Use `for n in numbers:` and `total += n` and `count += 1`.'],
    ['nothing at all', ' \n\u200b'],
    ['longer than any hint', 'why '.repeat(1_000)],
  ])('refuses the solution %s', (_, hint) => {
    expect(check(hint)).not.toBeNull();
  });

  it('allows as many new lines as the level does, and none that hands back the result', () => {
    const line = 'What would `for n in numbers:` give you in each round?';
    expect([check(line, { newCodeLines: 0 }), check(line, { newCodeLines: 1 })]).toEqual(['code_lines', null]);
    expect(check('`return a + b`', { newCodeLines: 9 })).toBe('result');
    expect(check('```\ndef add(a, b):\n    c = a + b\n    return c\n```', { newCodeLines: 9 })).toBe('function_body');
  });

  it('is done at once with a text that was made to keep it busy', () => {
    for (const text of ['return ' + 'a '.repeat(800), 'if '.repeat(500), '`'.repeat(1_600), 'x = '.repeat(400)])
      expect(() => check(text)).not.toThrow();
  });
});
