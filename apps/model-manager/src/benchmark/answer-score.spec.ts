import { scoreAnswers, scoreText } from './answer-score';

const PROSE =
  'A cache keeps what was read before, so that the same question is answered without a second trip to the disk. ' +
  'It is small and fast. When it is full, the entry that was used least goes first.';
const LOOP = 'the model is the model of the model '.repeat(30);

describe('the score of an answer', () => {
  it('counts the words of any script', () => {
    expect(scoreText('one two three').words).toBe(3);
    expect(scoreText('캐시는 자주 쓰는 값을 가까이 둔다.').words).toBe(6);
    expect(scoreText('').words).toBe(0);
  });

  it('finds no repetition in prose, and much of it in a loop', () => {
    expect(scoreText(PROSE).repetition).toBe(0);
    expect(scoreText(LOOP).repetition).toBeGreaterThan(0.9);
    expect(scoreText('one word').repetition).toBe(0);
  });

  it('reads short plain sentences as easier than long learned ones', () => {
    const learned =
      'Notwithstanding considerable institutional heterogeneity, organizational interoperability necessitates comprehensive ' +
      'administrative harmonization encompassing international jurisdictional responsibilities';
    expect(scoreText(PROSE).readability).toBeGreaterThan(60);
    expect(scoreText(learned).readability).toBeLessThan(10);
  });

  it('reads Korean by the length of its sentences', () => {
    const short = '캐시는 빠르다. 값은 작다. 오래된 값은 지운다.';
    const long = `${'캐시는 자주 쓰는 값을 가까이 두어 '.repeat(12)}빠르게 답한다.`;
    expect(scoreText(short).readability).toBeGreaterThan(scoreText(long).readability);
  });

  it('knows text from garbage', () => {
    expect(scoreText(PROSE).cleanText).toBe(1);
    expect(scoreText('표와 `코드`, 이모지 👍🏽, λ → ∞').cleanText).toBe(1);
    expect(scoreText('\uFFFD\uFFFD\u0000\u0001ab').cleanText).toBeLessThan(0.5);
  });

  it('is the mean over several answers, and counts those that no working model writes', () => {
    const answers = [PROSE, LOOP, '', '\uFFFD'.repeat(50)].map((text) => ({ text, outputTokens: 100 }));
    expect(scoreAnswers(answers)).toMatchObject({ answers: 4, outputTokens: 100, suspicious: 3 });
    expect(scoreAnswers([])).toBeNull();
  });

  it('takes any text in little time', () => {
    const before = performance.now();
    scoreText('e'.repeat(200_000));
    scoreText('. '.repeat(100_000));
    scoreText('a e\n\n'.repeat(40_000));
    expect(performance.now() - before).toBeLessThan(5_000); // minutes where a pattern backtracks
  });
});
