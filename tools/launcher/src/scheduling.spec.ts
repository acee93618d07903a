import { execFileSync } from 'node:child_process';
import { unhurried } from './scheduling';

function run(words: string, env: NodeJS.ProcessEnv = process.env): string {
  const { command, args } = unhurried('/bin/sh', ['-c', words, 'sh', 'two words']);
  return execFileSync(command, args, { env, encoding: 'utf8' });
}

describe('a program that is not to hurry', () => {
  it('has timers that may be two milliseconds late', () => {
    expect(run('read slack </proc/self/timerslack_ns; echo $slack')).toBe('2000000\n');
  });

  it('is the process that was started, with its own words', () => {
    expect(run('echo "$0 $1 $PPID"')).toBe(`sh two words ${process.pid}\n`);
  });

  it('runs as it is where nothing can be said about its scheduling', () => {
    expect(run('echo "$1"', { PATH: '/nonexistent' })).toBe('two words\n');
  });
});
