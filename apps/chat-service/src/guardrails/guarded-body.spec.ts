import { guardPolicy } from '../testing/guard-policy';
import { guardBody } from './guarded-body';
import { compilePolicy } from './policy';

describe('a request that is looked through', () => {
  const detectors = (action: 'mask' | 'block') =>
    compilePolicy('d', guardPolicy([{ action, text: 'badword\nobject\nuser' }])).input;
  const guarded = (request: object, action: 'mask' | 'block' = 'mask') => {
    const { body, blocked } = guardBody(Buffer.from(JSON.stringify(request)), detectors(action));
    return { body: body === null ? null : (JSON.parse(body.toString()) as unknown), blocked };
  };
  const tool = (parameters: object) => ({ tools: [{ type: 'function', function: { name: 'f', parameters } }] });

  it('keeps the words of the protocol, whatever is on the list', () => {
    const request = {
      messages: [{ role: 'user', content: 'hi' }],
      ...tool({ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }),
    };
    expect(guarded(request)).toEqual({ body: null, blocked: false });
  });

  it('has no text in the names of a tool either, nor in fields that a schema does not know', () => {
    const schema = (word: string) =>
      tool({ type: 'object', properties: { [word]: { id: word, type: 'string' } }, required: [word] });
    expect(guarded(schema('badword')).body).toEqual(schema('***'));
    expect(guarded(schema('badword'), 'block').blocked).toBe(true);
    expect(guarded(tool({ role: 'badword' }), 'block').blocked).toBe(true);
  });
});
