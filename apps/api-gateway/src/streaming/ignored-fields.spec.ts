import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { ignoredFieldsHeader } from './ignored-fields';

describe('x-tandem-ignored-fields', () => {
  it('names plain fields as they are', () => {
    expect(ignoredFieldsHeader(['store', 'messages[].weight', 'stream_options.x'])).toBe(
      'store, messages[].weight, stream_options.x',
    );
  });

  it('escapes what a header cannot hold, and commas', () => {
    expect(ignoredFieldsHeader(['한글', 'a\r\nset-cookie: x', 'a,b', '\ud800'])).toBe(
      '%ED%95%9C%EA%B8%80, a%0D%0Aset-cookie:%20x, a%2Cb, %EF%BF%BD',
    );
  });

  it('is a short and valid header whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 60 }), (names) => {
        const header = ignoredFieldsHeader(names);
        validateHeaderValue('x-tandem-ignored-fields', header);
        expect(header.length).toBeLessThanOrEqual(2_048);
      }),
    );
  });
});
