import { maskKey, readCredentials } from './credentials';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';

it.each<[Record<string, string>, object]>([
  [{}, { kind: 'none' }],
  [{ authorization: '' }, { kind: 'none' }],
  [{ authorization: 'Bearer' }, { kind: 'none' }],
  [{ authorization: 'Bearer   ' }, { kind: 'none' }],
  [{ 'x-api-key': '' }, { kind: 'none' }],
  [{ authorization: 'Bearer sk-1' }, { kind: 'key', key: 'sk-1' }],
  [{ authorization: 'BEARER sk-1 ' }, { kind: 'key', key: 'sk-1' }],
  [{ authorization: 'Bearer sk-1 sk-2' }, { kind: 'unknownScheme' }],
  [{ authorization: 'sk-1' }, { kind: 'unknownScheme' }],
  [{ authorization: 'Basic c2s=' }, { kind: 'unknownScheme' }],
  [{ 'x-api-key': 'sk-1' }, { kind: 'key', key: 'sk-1' }],
  [
    { authorization: 'Bearer', 'x-api-key': 'sk-1' },
    { kind: 'key', key: 'sk-1' },
  ],
  [
    { authorization: 'Bearer sk-1', 'x-api-key': 'sk-1' },
    { kind: 'key', key: 'sk-1' },
  ],
  [{ authorization: 'Bearer sk-1', 'x-api-key': 'sk-2' }, { kind: 'conflict' }],
  [{ authorization: `Bearer ${JWT}`, 'x-api-key': 'sk-1' }, { kind: 'conflict' }],
  [{ authorization: `Bearer ${JWT}` }, { kind: 'jwt', token: JWT }],
  [{ authorization: 'Bearer eyJhIjoxfQ.e30.' }, { kind: 'jwt', token: 'eyJhIjoxfQ.e30.' }],
  [{ 'x-api-key': JWT }, { kind: 'key', key: JWT }],
])('%j is %j', (headers, credentials) => {
  expect(readCredentials(headers)).toEqual(credentials);
});

it.each([
  ['sk-tandem-0123456789abcdef', 'sk-...cdef'],
  ['short', '***'],
  ['sk-tandem-0123456789\u00ff\u0001<>', 'sk-...??<>'],
])('%s is shown as %s', (key, shown) => {
  expect(maskKey(key)).toBe(shown);
});
