import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, envSample, parseConfig, variable } from './config';

const shape = {
  TOKEN: variable(z.string().min(4), { describe: 'A secret.', example: 'abcd', secret: true }),
  COLOUR: variable(z.string().optional(), { describe: 'No secret.', example: 'red' }),
};

describe('secrets by file', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-config-'));
    file = join(folder, 'token');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are read without the end of their line, which editors and echo add', () => {
    writeFileSync(file, 'se cret\n');
    expect(parseConfig(shape, { TOKEN_FILE: file })).toEqual({ TOKEN: 'se cret' });
  });

  it('are checked as the variable itself is', () => {
    writeFileSync(file, 'abc\n');
    expect(() => parseConfig(shape, { TOKEN_FILE: file })).toThrow(/^TOKEN: .*example: TOKEN=abcd/);
  });

  it('stop the start with one line when the file is not there, or the variable is set as well', () => {
    expect(() => parseConfig(shape, { TOKEN_FILE: file })).toThrow(ConfigError);
    expect(() => parseConfig(shape, { TOKEN_FILE: file })).toThrow(/^TOKEN_FILE: cannot be read: .*ENOENT/);
    writeFileSync(file, 'abcd');
    expect(() => parseConfig(shape, { TOKEN_FILE: file, TOKEN: 'abcd' })).toThrow(/^TOKEN: is set twice/);
  });

  it('may be left empty, as compose files do with what is not set', () => {
    expect(parseConfig(shape, { TOKEN_FILE: '', TOKEN: 'abcd' })).toEqual({ TOKEN: 'abcd' });
  });

  it('are for secrets alone, and .env.sample says for which', () => {
    writeFileSync(file, 'red');
    expect(parseConfig(shape, { TOKEN: 'abcd', COLOUR_FILE: file })).toEqual({ TOKEN: 'abcd' });
    expect(envSample('test', shape)).toContain('# A secret. Or TOKEN_FILE: a file with it.');
    expect(envSample('test', shape)).not.toContain('COLOUR_FILE');
  });
});
