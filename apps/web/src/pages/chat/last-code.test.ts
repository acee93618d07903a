import { describe, expect, it } from 'vitest';
import { lastCode } from './last-code';

describe('the last code of an answer', () => {
  it('is the last fenced block, without its fences', () => {
    expect(lastCode('a\n```js\none();\n```\nb\n```py\ntwo()\nthree()\n```\nc')).toBe('two()\nthree()\n');
  });

  it('may hold shorter fences', () => {
    expect(lastCode('````md\n```js\nx\n```\n````')).toBe('```js\nx\n```\n');
  });

  it('counts while it is still being written', () => {
    expect(lastCode('```sh\nls')).toBe('ls\n');
  });

  it('is nothing in a text without code', () => {
    expect(lastCode('use `ls`')).toBeNull();
    expect(lastCode(null)).toBeNull();
  });
});
