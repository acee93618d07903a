import { Known } from './known';

/** A source that a test answers by hand. */
class Source {
  readonly asked: string[] = [];
  private waiting: { resolve: (value: string | null) => void; reject: (error: Error) => void }[] = [];

  load = (key: string): Promise<string | null> => {
    this.asked.push(key);
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  };

  async answer(value: string | null): Promise<void> {
    this.waiting.shift()?.resolve(value);
    await settled();
  }

  async fail(): Promise<void> {
    this.waiting.shift()?.reject(new Error('away'));
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function cache(max = 10): { known: Known<string>; source: Source; clock: { now: number } } {
  const source = new Source();
  const clock = { now: 0 };
  const known = new Known(source.load, { refreshMs: 100, absentMs: 10, max }, () => clock.now);
  return { known, source, clock };
}

async function learn(known: Known<string>, source: Source, key: string, value: string | null): Promise<void> {
  const asked = known.get(key);
  await source.answer(value);
  expect(await asked).toBe(value);
}

it('asks the source once for all who wait, and then answers at once', async () => {
  const { known, source } = cache();
  const first = known.get('a');
  const second = known.get('a');
  await source.answer('A');
  expect([await first, await second]).toEqual(['A', 'A']);
  expect(known.get('a')).toBe('A');
  expect(source.asked).toEqual(['a']);
});

it('answers an old value at once and asks for it again behind it', async () => {
  const { known, source, clock } = cache();
  await learn(known, source, 'a', 'A');
  clock.now = 101;
  expect(known.get('a')).toBe('A');
  expect(source.asked).toEqual(['a', 'a']);
  await source.answer('B');
  expect(known.get('a')).toBe('B');
});

it('keeps what it knows while the source is away, and does not ask for each request', async () => {
  const { known, source, clock } = cache();
  await learn(known, source, 'a', 'A');
  clock.now = 101;
  expect(known.get('a')).toBe('A');
  await source.fail();
  expect(known.get('a')).toBe('A');
  expect(source.asked).toHaveLength(2);
  clock.now = 10_000;
  expect(known.get('a')).toBe('A');
  expect(source.asked).toHaveLength(3);
});

it('fails for the unknown while the source is away', async () => {
  const { known, source } = cache();
  const asked = known.get('a');
  const failed = expect(asked).rejects.toThrow('away');
  await source.fail();
  await failed;
});

it('believes "there is none" for a short time only', async () => {
  const { known, source, clock } = cache();
  await learn(known, source, 'a', null);
  expect(known.get('a')).toBeNull();
  clock.now = 11;
  await learn(known, source, 'a', 'A');
});

it('does not keep an answer that was on its way when the thing changed', async () => {
  const { known, source } = cache();
  const old = known.get('a');
  known.forget('a');
  await source.answer('before the change');
  await old;
  await learn(known, source, 'a', 'after the change');
  expect(known.get('a')).toBe('after the change');
});

it('checks everything again when news may have been missed, but keeps it when the source is away', async () => {
  const { known, source } = cache();
  await learn(known, source, 'a', 'A');
  known.suspectAll();
  const asked = known.get('a');
  await source.fail();
  expect(await asked).toBe('A');
  known.suspectAll();
  await learn(known, source, 'a', null);
});

it('is bounded, and guesses do not push out what is known', async () => {
  const { known, source } = cache(3);
  await learn(known, source, 'a', 'A');
  for (let guess = 0; guess < 50; guess++) await learn(known, source, `guess ${guess}`, null);
  expect(known.get('a')).toBe('A');
  for (let more = 0; more < 50; more++) await learn(known, source, `more ${more}`, 'known');
  expect(known.size).toBe(6);
});
