import { parsePythonJson, PythonJsonError } from './python-json';

const errorOf = (text: string): unknown => {
  try {
    return parsePythonJson(text);
  } catch (error) {
    return error instanceof PythonJsonError ? [error.message, error.position] : error;
  }
};

describe("Python's JSON", () => {
  it('takes NaN and infinities', () => {
    expect(parsePythonJson('{"a": NaN, "b": [-Infinity, Infinity]}')).toEqual({ a: NaN, b: [-Infinity, Infinity] });
  });

  // What CPython's json.loads says to each.
  it.each([
    ['{"model":"tiny-chat","messages":[', 'Expecting value', 33],
    ['{"model":"tiny-chat",}', 'Expecting property name enclosed in double quotes', 21],
    ['{"a" 1}', "Expecting ':' delimiter", 5],
    ['[1 2]', "Expecting ',' delimiter", 3],
    ['{} {}', 'Extra data', 3],
    ['"abc', 'Unterminated string starting at', 0],
    ['"a\tb"', 'Invalid control character at', 2],
    ['"\\x"', 'Invalid \\escape', 1],
    ['"\\u12"', 'Invalid \\uXXXX escape', 2],
  ])('says why %j is none', (text, message, position) => {
    expect(errorOf(text)).toEqual([message, position]);
  });
});
