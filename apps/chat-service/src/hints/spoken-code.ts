/** Signs of programs as people say them. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:open(?:ing)?|left)\s+(?:round\s+)?(?:parenthes[ei]s|paren|bracket)\b|여는\s?괄호|괄호\s?(?:열고|열기|시작)/gi,
    '(',
  ],
  [
    /\b(?:clos(?:e|ing)|right)\s+(?:round\s+)?(?:parenthes[ei]s|paren|bracket)\b|닫는\s?괄호|괄호\s?(?:닫고|닫기|끝)/gi,
    ')',
  ],
  [/\b(?:open(?:ing)?|left)\s+(?:curly\s+)?brace\b|여는\s?중괄호/gi, '{'],
  [/\b(?:clos(?:e|ing)|right)\s+(?:curly\s+)?brace\b|닫는\s?중괄호/gi, '}'],
  [/\bsemicolon\b|세미콜론/gi, ';'],
  [/\bcolon\b|콜론|쌍점/gi, ':'],
  [/\bcomma\b|콤마|쉼표/gi, ','],
  [/\b(?:plus|minus|times|divided by|modulo)[\s-]+equals?\b|플러스\s?이퀄/gi, '+='],
  [/\b(?:is\s+)?(?:double equals|equal(?:s)? equals?)\b|이퀄\s?이퀄/gi, '=='],
  [/\bequals(?:\s+sign)?\b|\bequal sign\b|\bis set to\b|등호|이퀄/gi, '='],
  [/\b(?:is\s+)?(?:less than or equal to|at most)\b/gi, '<='],
  [/\b(?:is\s+)?(?:greater than or equal to|at least)\b/gi, '>='],
  [/\b(?:is\s+)?less than\b/gi, '<'],
  [/\b(?:is\s+)?greater than\b/gi, '>'],
  [/\bplus\b|더하기|플러스/gi, '+'],
  [/\bminus\b|빼기|마이너스/gi, '-'],
  [/\b(?:times|multiplied by)\b|곱하기/gi, '*'],
  [/\bdivided by\b|나누기/gi, '/'],
  [/\b(?:modulo|modulus|mod)\b|모듈로/gi, '%'],
];

/** The text with spelled-out signs as signs; null where there are none. */
export function codeReading(text: string): string | null {
  let read = text;
  for (const [words, sign] of SIGNS) read = read.replace(words, ` ${sign} `);
  if (read === text) return null;
  // `add ( a , b ) :` is how it is then written.
  return read.replace(/[ \t]+/g, ' ').replace(/ (?=[(),:;\]])/g, '');
}
