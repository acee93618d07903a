import { behindThinking, opensThinking } from './thinking';

describe('what a model says behind its thinking', () => {
  it.each([
    ['<think>a</think>said', 'said'],
    ['a template opened it</think>said', 'said'],
    ['<thought>a</thought>said', 'said'],
    ['[THINK]a <think>b</think> c[/THINK]said', 'said'],
    ["Here's my thought process: a. Here's my response: said", ' said'],
    ['<think></think><think>again</think>said', 'said'],
    ['said', null],
    ['', null],
  ])('%s', (answer, said) => {
    expect(behindThinking(answer)).toBe(said);
  });

  it('is nothing while it thinks', () => {
    expect(opensThinking('<seed:think>the solution is')).toBe(true);
    expect(opensThinking('Which line adds?')).toBe(false);
  });
});
