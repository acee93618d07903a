import { firstWords, titleFrom } from './first-words';

describe('the first words of a question', () => {
  it.each([
    ['How do I sort a list?', 'How do I sort a list?'],
    ['  line\n\tand\0 line ', 'line and line'],
    ['word '.repeat(40), `${'word '.repeat(12).trim()}…`],
    ['가'.repeat(100), `${'가'.repeat(60)}…`],
    ['👋'.repeat(100), `${'👋'.repeat(30)}…`],
    [' \n ', null],
  ])('of %j are the title %j', (question, title) => {
    expect(firstWords(question)).toBe(title);
  });
});

describe('a title that an engine wrote', () => {
  it.each([
    ['Sorting a list', 'Sorting a list'],
    ['"Sorting a list."', 'Sorting a list'],
    ['<think>\nHm.\n</think>\n\n**제목: 목록 정렬하기**', '목록 정렬하기'],
    ['Title: *Sorting*\nBecause you asked.', 'Sorting'],
    ['no tag before</think>Sorting', 'Sorting'],
    ['<think>never came to an end', null],
    ['\n \n', null],
    ['x'.repeat(500), 'x'.repeat(80)],
  ])('%j is %j', (answer, title) => {
    expect(titleFrom(answer)).toBe(title);
  });
});
