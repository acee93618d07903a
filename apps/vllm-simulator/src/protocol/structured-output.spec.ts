import { checkSchema, sampleOf } from './structured-output';

describe('an answer that must satisfy a schema', () => {
  it('has the required properties with values of their types', () => {
    const schema = {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 4 },
        age: { type: 'integer', minimum: 50, maximum: 120 },
        tags: { type: 'array', items: { enum: ['a', 'b'] }, minItems: 2 },
        where: { $ref: '#/$defs/place' },
      },
      required: ['name', 'age'],
      $defs: { place: { anyOf: [{ type: 'null' }, { type: 'string' }] } },
    };
    expect(sampleOf(schema)).toEqual({ name: '모의', age: 50, tags: ['a', 'a'], where: null });
  });

  it('ends for a schema that refers to itself', () => {
    const node = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    expect(JSON.stringify(sampleOf(node)).length).toBeLessThan(500);
  });

  it('is refused for a type that does not exist', () => {
    expect(() => checkSchema({ type: 'object', properties: { a: { type: 'nonsense' } } })).toThrow(
      'Grammar error: Invalid type: nonsense',
    );
  });
});
