import fc from 'fast-check';
import { guardPolicy } from '../testing/guard-policy';
import { GuardedStream } from './guarded-answer';
import { guardText } from './guarded-text';
import { compilePolicy } from './policy';

const detectors = (action: 'mask' | 'block') =>
  compilePolicy('d', guardPolicy([{ action, on: 'output', text: 'badword' }], true)).output;

const chunk = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const FINISH = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';

/** What a client reads of events that come in these pushes, in the order of what it is told. */
function told(pushes: readonly string[], action: 'mask' | 'block'): string {
  let heard = '';
  const stream = new GuardedStream(detectors(action), {
    found: () => undefined,
    block: () => (heard += '(blocked)'),
  });
  stream.open((_, bytes) => {
    for (const [, data = ''] of bytes.toString().matchAll(/^data: (.*)$/gm)) {
      if (data === '[DONE]') continue;
      const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
      heard += choices.map(({ delta }) => delta.content ?? '').join('');
    }
  });
  for (const push of pushes) stream.push(Buffer.from(push), 0, Buffer.byteLength(push));
  stream.end();
  return heard;
}

describe('a stream that is looked through', () => {
  const piece = fc.constantFrom('("', 'bad', 'word', 'badword', '")', 'b', ' ', 'a@b.example', '한글', '🙂', 'fine');
  const cuts = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 });

  it('is the same text in the same order, however many of its events come at once', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 10 }), cuts, (pieces, cut) => {
        const pushes: string[] = [''];
        for (const [at, event] of [...pieces.map(chunk), FINISH, DONE].entries()) {
          if (cut[at] === true) pushes.push('');
          pushes.push(`${pushes.pop() ?? ''}${event}`);
        }
        expect(told(pushes, 'mask')).toBe(guardText(pieces.join(''), detectors('mask')).text);
      }),
    );
  });

  it('tells what stands before a blocked word, and then that it is blocked', () => {
    expect(told([chunk('All is well. ') + chunk('badword') + chunk(' and more') + FINISH + DONE], 'block')).toBe(
      'All is well. (blocked)',
    );
  });

  it('tells that it is blocked once, whatever comes after it', () => {
    expect(told([chunk('badword'), chunk(' and more'), FINISH + DONE], 'block')).toBe('(blocked)');
  });
});
