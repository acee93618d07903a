import { describe, expect, it } from 'vitest';
import { splitThinking } from './thinking';

describe('what a model thinks', () => {
  it('is told apart from what it answers', () => {
    expect(splitThinking('<think>hm</think>\n\nYes.', null)).toEqual({
      reasoning: 'hm',
      content: 'Yes.',
      thinking: false,
    });
  });

  it('is known while it still thinks', () => {
    expect(splitThinking('<think>hm', null)).toEqual({ reasoning: 'hm', content: '', thinking: true });
    expect(splitThinking('', 'hm')).toEqual({ reasoning: 'hm', content: '', thinking: true });
  });

  it('may have no opening tag: the template wrote it', () => {
    expect(splitThinking('hm</think>Yes.', null)).toMatchObject({ reasoning: 'hm', content: 'Yes.' });
  });

  it('is taken from the engine where that tells it', () => {
    expect(splitThinking('Yes.', 'hm')).toEqual({ reasoning: 'hm', content: 'Yes.', thinking: false });
  });

  it('is nothing in a plain answer, also in one that speaks of the tag', () => {
    expect(splitThinking('The tag <think> opens it.', null)).toMatchObject({ reasoning: '', thinking: false });
  });
});
