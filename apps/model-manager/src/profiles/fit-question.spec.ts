import { CodedError } from '#contracts/errors';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readQuestion } from './fit-question';

const facts = JSON.parse(readFileSync(join(__dirname, '../../../../models/Qwen__Qwen3-8B.json'), 'utf8')) as Record<
  string,
  unknown
>;
const engine = { maxModelLen: 8192 };

const refusalOf = (question: object): CodedError | null => {
  try {
    readQuestion({ profile: engine, modelConfig: facts, ...question });
    return null;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
};

const HOSTILE: readonly unknown[] = [
  0,
  -1,
  2 ** 31,
  2 ** 53,
  1e308,
  -1e308,
  '1',
  '',
  null,
  true,
  [],
  {},
  [1],
  { a: 1 },
  '\u0000',
  1.5,
];

describe('a question to the fit check', () => {
  it('is a name, a profile, or the settings of one engine', () => {
    expect(readQuestion({ profile: 'r1' }).profile).toEqual({ kind: 'named', name: 'r1' });
    expect(readQuestion({ profile: { engines: [{ model: 'a/b' }] } }).profile).toMatchObject({
      kind: 'given',
      profile: { name: 'what-if', engines: [{ model: 'a/b' }] },
    });
    expect(readQuestion({ profile: { model: 'a/b', gpus: [1] } }).profile).toMatchObject({
      profile: { engines: [{ model: 'a/b', gpus: [1] }] },
    });
    expect(readQuestion({ profile: engine, modelConfig: facts, checkpointBytes: 16_381_470_720 }).model?.kind).toBe(
      'known',
    );
  });

  it('numbers the GPUs of another host as they come', () => {
    const { hardware } = readQuestion({
      profile: 'p',
      hardware: {
        gpus: [
          { name: 'L4', totalMib: 23_034 },
          { name: 'L4', totalMib: 23_034, freeMib: 100, computeCapability: '8.9' },
        ],
      },
    });
    expect(hardware?.gpus).toMatchObject([
      { index: 0, freeMib: null, computeCapability: null },
      { index: 1, freeMib: 100, computeCapability: 8.9 },
    ]);
  });

  it.each(Object.keys(facts).filter((field) => !['id', 'source', 'notes', 'license'].includes(field)))(
    'refuses a hostile %s with its name, or takes it',
    (field) => {
      for (const value of HOSTILE) {
        const refusal = refusalOf({ modelConfig: { ...facts, [field]: value } });
        if (refusal !== null)
          expect([refusal.code, refusal.param]).toEqual(['invalid_value', expect.stringMatching(/^modelConfig\./)]);
      }
    },
  );

  it.each(['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'vocab_size'])(
    'refuses numbers for %s that no model has',
    (field) => {
      for (const value of [0, -1, 2 ** 31, 1e308, 1.5, '32', true, []])
        expect(refusalOf({ modelConfig: { ...facts, [field]: value } })?.param).toBe(`modelConfig.${field}`);
      const { [field]: _left, ...rest } = facts;
      expect(refusalOf({ modelConfig: rest })?.message).toMatch(/is missing/);
    },
  );

  it.each(['profile', 'hardware', 'modelConfig', 'checkpointBytes'])(
    'never fails otherwise, whatever %s is',
    (field) => {
      for (const value of [
        ...HOSTILE,
        { gpus: 1 },
        { gpus: [{}] },
        { gpus: [{ name: 'x', totalMib: -1 }] },
        { gpus: Array(100).fill({ name: 'x', totalMib: 1 }) },
        { engines: [] },
        { engines: [{ model: '' }] },
      ])
        expect(refusalOf({ [field]: value })?.code ?? 'invalid_value').toBe('invalid_value');
    },
  );

  it('does not take more free memory than there is', () => {
    expect(refusalOf({ hardware: { gpus: [{ name: 'x', totalMib: 10, freeMib: 11 }] } })?.param).toBe(
      'hardware.gpus[0].freeMib',
    );
  });
});
