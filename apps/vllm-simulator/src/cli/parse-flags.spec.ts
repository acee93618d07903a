import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHOICES, INTEGERS, FLOATS, HUMAN_INTEGERS, LISTS, SWITCHES, BOOLEANS } from './flag-table';
import { parseFlags, UsageError } from './parse-flags';
import { serveOptions } from './serve-options';

const RECORDINGS = join(__dirname, '../../../../libs/testing/recordings');
const recordedFlags = readFileSync(join(RECORDINGS, 'vllm-serve-flags.txt'), 'utf8').trim().split('\n');

/** The last lines of a recorded log of `vllm serve` that failed before it began. */
const recordedUsage = (name: string): string => {
  const log = readFileSync(join(RECORDINGS, 'logs', name), 'utf8');
  return log.slice(log.indexOf('usage:')).trimEnd();
};

function usageOf(args: readonly string[]): string {
  try {
    parseFlags(args);
  } catch (error) {
    if (error instanceof UsageError) return `${error.usage}\n${error.program}: error: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

function argumentsFor(flag: string): string[] {
  const name = flag.replace(/^--/, '');
  if (SWITCHES.has(name) || BOOLEANS.has(name) || name.startsWith('no-') || /^-(ep|dp[ehm])$/.test(flag)) return [flag];
  if (INTEGERS.has(name) || FLOATS.has(name) || HUMAN_INTEGERS.has(name)) return [flag, '1'];
  if (LISTS.has(name)) return [flag, 'a', 'b'];
  return [flag, CHOICES.get(name)?.[0] ?? '{}'];
}

describe('the flags of vllm serve', () => {
  it.each(recordedFlags.filter((flag) => flag !== '--help'))('accepts %s', (flag) => {
    expect(usageOf(['model', ...argumentsFor(flag)])).toBe('accepted');
  });

  it('refuses a flag that does not exist as vLLM does', () => {
    expect(usageOf(['tiny-chat', '--no-such-flag', '1'])).toBe(recordedUsage('fail-unknown-flag.log'));
  });

  it('refuses a value that is not among the choices as vLLM does', () => {
    expect(usageOf(['tiny-chat', '--dtype', 'float99'])).toBe(recordedUsage('fail-bad-flag-value.log'));
  });

  it('refuses what is not a number where one is needed', () => {
    expect(usageOf(['m', '--port', 'http'])).toContain("argument --port: invalid int value: 'http'");
    expect(usageOf(['m', '--gpu-memory-utilization', 'half'])).toContain("invalid float value: 'half'");
    expect(usageOf(['m', '--max-model-len', '1.5'])).toContain("invalid human_readable_int_or_auto value: '1.5'");
  });

  it('takes --flag=value, underscores, short names and several served names', () => {
    const { model, flags } = parseFlags([
      'm',
      '--port=1',
      '--max_model_len',
      '8k',
      '-tp',
      '2',
      '--served-model-name',
      'a',
      'b',
    ]);
    const options = serveOptions({ model, flags });
    expect(options).toMatchObject({ port: 1, maxModelLen: 8000, tensorParallelSize: 2, servedNames: ['a', 'b'] });
  });

  it('knows 1k from 1K, and auto from a number', () => {
    const length = (text: string): number | null =>
      serveOptions(parseFlags(['m', '--max-model-len', text])).maxModelLen;
    expect([length('1k'), length('1K'), length('25.6k'), length('auto'), length('-1')]).toEqual([
      1000, 1024, 25_600, -1, -1,
    ]);
  });

  it('turns a boolean on and off', () => {
    const caching = (...flags: string[]): boolean => serveOptions(parseFlags(['m', ...flags])).enablePrefixCaching;
    expect([caching(), caching('--enable-prefix-caching'), caching('--no-enable-prefix-caching')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
