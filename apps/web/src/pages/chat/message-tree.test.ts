import { describe, expect, it } from 'vitest';
import { leafBelow, pathTo } from './message-tree';

const message = (id: string, parentId: string | null) => ({ id, parentId });
// question - answer 1, answer 2 - follow-up - its answer
const tree = [message('q', null), message('a1', 'q'), message('a2', 'q'), message('f', 'a2'), message('fa', 'f')];

describe('the shown path of a conversation', () => {
  it('is the one to the message that was seen last', () => {
    expect(pathTo(tree, 'a1').map((step) => step.message.id)).toEqual(['q', 'a1']);
  });

  it('follows the newest message when none was seen', () => {
    expect(pathTo(tree, null).map((step) => step.message.id)).toEqual(['q', 'a2', 'f', 'fa']);
    expect(pathTo([], null)).toEqual([]);
  });

  it('knows the branches at each message', () => {
    const [, answer] = pathTo(tree, 'fa');
    expect(answer).toMatchObject({ siblings: ['a1', 'a2'], branch: 1 });
  });

  it('opens a branch at its newest end', () => {
    expect(leafBelow(tree, 'a2')).toBe('fa');
    expect(leafBelow(tree, 'a1')).toBe('a1');
  });

  it('is found in a conversation of 10,000 messages', () => {
    const long = Array.from({ length: 10_000 }, (_, at) => message(`m${at}`, at === 0 ? null : `m${at - 1}`));
    expect(pathTo(long, null)).toHaveLength(10_000);
  });
});
