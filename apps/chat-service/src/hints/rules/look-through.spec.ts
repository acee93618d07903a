import { ruleLanguage, RULES, type RuleLanguage } from './finding';
import { lookThrough } from './look-through';

/** Rules and lines, in the order of their urgency. */
function found(code: string, language: RuleLanguage): string[] {
  return lookThrough(code, language).map(({ rule, line }) => `${rule}:${line}`);
}

/** By rule: code that breaks it, with the line; and code that looks like it and is right. */
const PYTHON: readonly [string, string, number, string][] = [
  ['syntax_error', 'def f()\n    return 1\n', 1, 'def f():\n    return 1\n'],
  ['syntax_error', 'x = 1\nprint((x)\n', 3, 'x = 1\nprint((x))\n'],
  ['syntax_error', 'if x:\ny = 1\n', 2, 'if x:\n    y = 1\n'],
  ['syntax_error', 'print "x"\n', 1, 'print("x")\n'],
  ['assignment_in_condition', 'if x = 1:\n    pass\n', 1, 'if f(a=1) == "=":\n    pass\n'],
  ['assignment_in_condition', 'while (a) and b = 2:\n    a -= 1\n', 1, 'if (n := 1) <= 2:\n    pass\n'],
  ['infinite_loop', 'while True:\n    x = 1\n', 1, 'while True:\n    if x:\n        break\n    x = 1\n'],
  ['infinite_loop', 'i = 0\nwhile i < 10:\n    print(i)\n', 2, 'i = 0\nwhile i < 10:\n    i += 1\n'],
  ['infinite_loop', 'while n > 0:\n    m = n\n', 1, 'while xs:\n    xs.pop()\n'],
  ['infinite_loop', 'while True:\n    for x in y:\n        break\n', 1, 'while True:\n    return 1\n'],
  [
    'off_by_one',
    'for i in range(len(x) + 1):\n    print(x[i])\n',
    1,
    'for i in range(len(x) + 1):\n    print(x[:i])\n',
  ],
  [
    'off_by_one',
    'i = 0\nwhile i <= len(x):\n    print(x[i])\n    i += 1\n',
    2,
    'i = 1\nwhile i <= len(x):\n    print(i)\n    i += 1\n',
  ],
  ['off_by_one', 'last = x[len(x)]\n', 1, 'last = x[len(x) - 1]\n'],
  ['mutable_default', 'def f(a, seen=[]):\n    seen.append(a)\n', 1, 'def f(a, seen=None, n=0, t=()):\n    print(a)\n'],
  ['mutable_default', 'def f(*, seen=dict()):\n    print(seen)\n', 1, 'f(seen=[])\n'],
  [
    'missing_return',
    'def f(x):\n    if x > 0:\n        return 1\n',
    1,
    'def f(x):\n    if x > 0:\n        return 1\n    else:\n        raise E\n',
  ],
  ['missing_return', 'def f(x):\n    y = x + 1\n\nprint(f(2))\n', 1, 'def f(x):\n    print(x)\n\nf(2)\n'],
  [
    'missing_return',
    'def f(x):\n    for i in x:\n        return i\n    return\n',
    1,
    'def f(x):\n    for i in x:\n        yield i\n\nfor y in f(x):\n    print(y)\n',
  ],
  [
    'unreachable_code',
    'def f():\n    return 1\n    print(2)\n',
    3,
    'def f():\n    if x:\n        return 1\n    return 2\n',
  ],
  [
    'unreachable_code',
    'for i in x:\n    break\n    print(i)\n',
    3,
    'for i in x:\n    if i:\n        break\n    print(i)\n',
  ],
  ['compare_nan', 'if x == float("nan"):\n    pass\n', 1, 'if math.isnan(x):\n    pass\n'],
  ['compare_none', 'if x != None:\n    pass\n', 1, 'if x is not None:\n    pass\n'],
  ['identity_of_value', 'if x is "a":\n    pass\n', 1, 'if x is y:\n    pass\n'],
  ['unused_result', 'x == 1\n', 1, 'x = 1\n'],
  ['unused_result', 's.upper()\n', 1, 's = s.upper()\n'],
  ['unused_result', 'sorted(x)\n', 1, 'x.sort()\n'],
  ['unused_result', 'x.sort\n', 1, '"""A text."""\n'],
];

const JAVASCRIPT: readonly [string, string, number, string][] = [
  ['syntax_error', 'if (x == 1 {\n  y();\n}\n', 1, 'if (x == 1) {\n  y();\n}\n'],
  ['syntax_error', 'const f = () => {\n  g();\n', 3, 'const f = () => {\n  g();\n};\n'],
  ['assignment_in_condition', 'if (x = 5) y();\n', 1, 'if (x === 5) y();\n'],
  ['assignment_in_condition', 'while (a = 1) { break; }\n', 1, 'while ((m = next())) { use(m); }\n'],
  ['infinite_loop', 'while (true) { f(); }\n', 1, 'while (true) { if (f()) break; }\n'],
  ['infinite_loop', 'for (;;) { f(); }\n', 1, 'for (;;) { if (f()) throw e; }\n'],
  ['infinite_loop', 'for (let i = 0; i < n; i--) f(i);\n', 1, 'for (let i = n; i > 0; i--) f(i);\n'],
  ['infinite_loop', 'let i = 0;\nwhile (i < 10) { console.log(i); }\n', 2, 'let i = 0;\nwhile (i < 10) { i++; }\n'],
  [
    'off_by_one',
    'for (let i = 0; i <= a.length; i++) s += a[i];\n',
    1,
    'for (let i = 0; i < a.length; i++) s += a[i];\n',
  ],
  [
    'off_by_one',
    'let i = 0;\nwhile (i <= a.length) { f(a[i]); i++; }\n',
    2,
    'let i = 1;\nwhile (i <= a.length) { f(i); i++; }\n',
  ],
  [
    'missing_return',
    'function f(x) {\n  if (x) return 1;\n}\n',
    1,
    'function f(x) {\n  if (x) return 1;\n  else return 2;\n}\n',
  ],
  ['missing_return', 'const b = a.map((x) => {\n  x * 2;\n});\n', 1, 'a.forEach((x) => {\n  f(x);\n});\n'],
  ['missing_return', 'function f(x) { const y = x + 1; }\nconst z = f(1);\n', 1, 'function f(x) { g(x); }\nf(1);\n'],
  [
    'unreachable_code',
    'function f() {\n  return 1;\n  g();\n}\n',
    3,
    'function f() {\n  return g();\n  function g() { return 1; }\n}\n',
  ],
  ['compare_nan', 'if (x === NaN) f();\n', 1, 'if (Number.isNaN(x)) f();\n'],
  ['unused_result', 'x == 5;\n', 1, 'x = 5;\n'],
  ['unused_result', 'name.trim();\n', 1, 'const t = name.trim();\n'],
  ['unused_result', 'list.sort;\n', 1, '"use strict";\n'],
];

describe('the rules for Python', () => {
  it.each(PYTHON)('see %s: %j', (rule, wrong, line, right) => {
    expect(found(wrong, 'python')).toContain(`${rule}:${line}`);
    expect(found(right, 'python').filter((one) => one.startsWith(rule))).toEqual([]);
  });
});

describe('the rules for JavaScript', () => {
  it.each(JAVASCRIPT)('see %s: %j', (rule, wrong, line, right) => {
    expect(found(wrong, 'javascript')).toContain(`${rule}:${line}`);
    expect(found(right, 'javascript').filter((one) => one.startsWith(rule))).toEqual([]);
  });

  it('read TypeScript as well', () => {
    expect(found('const n: number = 1;\nif (n === NaN) f<string>(n);\n', 'typescript')).toEqual(['compare_nan:2']);
    expect(found('const view = <p>{name}</p>;\n', 'javascript')).toEqual([]);
  });
});

describe('the rules', () => {
  it('have each an example that breaks it', () => {
    const shown = new Set([...PYTHON, ...JAVASCRIPT].map(([rule]) => rule));
    expect(RULES.filter((rule) => !shown.has(rule))).toEqual([]);
  });

  it('speak of nothing else while the code cannot be read, and of the most urgent first', () => {
    expect(found('x == 1\nif y = 2:\n    pass\n', 'python')).toEqual(['assignment_in_condition:2']);
    expect(found('x == None\nwhile True:\n    y = 1\n', 'python')[0]).toBe('infinite_loop:2');
  });

  it('know languages by the names that people use', () => {
    expect(['Python', 'py', 'JS', 'Node.js', 'TypeScript', '파이썬', 'COBOL'].map(ruleLanguage)).toEqual([
      'python',
      'python',
      'javascript',
      'javascript',
      'typescript',
      'python',
      null,
    ]);
  });

  it.each(['', '\u0000\uffff\ud83d', '('.repeat(5_000), 'if x:\n'.repeat(1_000), '{'.repeat(5_000), '"'.repeat(999)])(
    'take whatever they are given',
    (code) => {
      for (const language of ['python', 'javascript', 'typescript'] as const)
        expect(Array.isArray(lookThrough(code, language))).toBe(true);
    },
  );
});
