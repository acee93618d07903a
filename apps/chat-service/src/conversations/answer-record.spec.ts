import { AnswerRecord } from './answer-record';

const event = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function recordOf(...parts: string[]): AnswerRecord {
  const record = new AnswerRecord('id');
  for (const part of parts) {
    // As the relay has it: a part of a buffer that the next read overwrites.
    const buffer = Buffer.from(`xx${part}yy`);
    record.take(buffer, 2, buffer.length - 2);
    buffer.fill(0);
  }
  return record;
}

describe('the record of an answer', () => {
  it('has every character of the stream, comments and the end aside', () => {
    const record = recordOf(
      'event: meta\ndata: {"requestId":"r"}\n\n',
      event({ role: 'assistant', content: '' }),
      event({ content: '안녕' }) + ': keep-alive\n\n' + event({ content: ' 👋\r\n' }),
      event({ content: 'מה?' }, 'stop') + 'data: {"choices":[],"usage":{}}\n\ndata: [DONE]\n\n',
    );
    expect(record.read()).toMatchObject({
      content: '안녕 👋\r\nמה?',
      reasoning: null,
      stopReason: 'stop',
      ending: null,
    });
  });

  it('keeps what a reasoning model thought, under either name', () => {
    const record = recordOf(
      event({ reasoning_content: 'Hm, ' }),
      event({ reasoning: 'yes.' }),
      event({ content: 'Yes' }),
    );
    expect(record.read()).toMatchObject({ content: 'Yes', reasoning: 'Hm, yes.' });
  });

  it('is read on from where it was, and is dirty only in between', () => {
    const record = recordOf(event({ content: 'a' }));
    expect(record.dirty).toBe(true);
    record.read();
    expect(record.dirty).toBe(false);
    const more = Buffer.from(event({ content: 'b' }));
    record.take(more, 0, more.length);
    expect(record.read().content).toBe('ab');
  });

  it('says in place of what no database keeps that something was there', () => {
    expect(recordOf(event({ content: 'a\0b\ud800' })).read().content).toBe('a\ufffdb\ufffd');
  });
});
