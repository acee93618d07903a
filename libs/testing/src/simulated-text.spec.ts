import { expectedAnswer } from './simulated-text';
import { tokenize } from './simulated-tokens';

describe('simulated answers', () => {
  it('are marked, and the same for the same question', () => {
    const answer = expectedAnswer('안녕 😀');
    expect(answer.text.startsWith('[simulated] You wrote "안녕 😀". ')).toBe(true);
    expect(answer).toEqual(expectedAnswer('안녕 😀'));
  });

  it('differ by question, choice and seed', () => {
    const texts = [
      expectedAnswer('a'),
      expectedAnswer('b'),
      expectedAnswer('a', Infinity, { choice: 1 }),
      expectedAnswer('a', Infinity, { seed: 7 }),
    ].map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('end by themselves after 40 to 200 tokens, or at the limit', () => {
    for (let i = 0; i < 50; i++) {
      const { completionTokens, finishReason } = expectedAnswer(`question ${i}`);
      expect(finishReason).toBe('stop');
      expect(completionTokens).toBeGreaterThan(40);
      expect(completionTokens).toBeLessThan(260);
    }
    expect(expectedAnswer('question', 5)).toMatchObject({ completionTokens: 5, finishReason: 'length' });
  });

  it('count the end of the answer as a token', () => {
    const { text, completionTokens } = expectedAnswer('question');
    expect(completionTokens).toBe(tokenize(text).length + 1);
  });
});
