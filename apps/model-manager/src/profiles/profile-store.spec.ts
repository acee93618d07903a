import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#testing/eventually';
import { ProfileStore } from './profile-store';

const good = (name: string, title = name): string =>
  `name: ${name}\ntitle: ${title}\nengines:\n  - model: org/${name}\n`;

describe('the folder of profiles', () => {
  let folder: string;
  let store: ProfileStore;
  const said: object[] = [];
  const logger = { log: (line: object) => said.push(line), warn: (line: object) => said.push(line) };
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
    write('one.yaml', good('one'));
    write('two.yaml', good('two'));
    said.length = 0;
    store = new ProfileStore(folder, logger);
  });

  afterEach(() => {
    store.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read again while it is in use', async () => {
    store.begin();
    expect(store.list().map(({ name }) => name)).toEqual(['one', 'two']);
    write('one.yaml', good('one', 'Changed'));
    write('three.yaml', good('three'));
    unlinkSync(join(folder, 'two.yaml'));
    const titles = (): string =>
      store
        .list()
        .map(({ title }) => title)
        .join();
    await eventually(() => titles() === 'Changed,three');
  });

  it('keeps the old profile in force when its file breaks, and says file, line and reason', () => {
    write('one.yaml', 'name: one\nengines:\n  - model: org/one\n    gpuMemoryUtilization: 1.4\n');
    store.look();
    expect(store.get('one')?.engines[0]?.gpuMemoryUtilization).toBeUndefined();
    expect(store.refused()).toEqual([
      {
        file: 'one.yaml',
        line: 4,
        reason: expect.stringMatching(/^engines\.0\.gpuMemoryUtilization: /) as string,
        keptOld: true,
      },
    ]);
    store.look();
    expect(said.filter((line) => 'msg' in line && line.msg === 'a profile is refused')).toHaveLength(1);
    write('one.yaml', good('one', 'Mended'));
    store.look();
    expect([store.get('one')?.title, store.refused()]).toEqual(['Mended', []]);
  });

  it.each([
    ['no YAML', 'name: bad\nengines: [\n', 3],
    ['an unknown field', 'name: bad\nengine:\n  - model: m\n', 1],
    ['another name than its file', 'name: good\nengines:\n  - model: m\n', 1],
    ['no engine', 'name: bad\nengines: []\n', 2],
    ['a list', '- a\n- b\n', 1],
    ['nothing', '', null],
  ])('refuses a new file with %s, and says on which line', (_what, text, line) => {
    write('bad.yaml', text);
    store.look();
    expect(store.get('bad')).toBeNull();
    expect(store.refused()).toEqual([{ file: 'bad.yaml', line, reason: expect.any(String) as string, keptOld: false }]);
    expect(store.list()).toHaveLength(2);
  });

  it('is not brought down by aliases that multiply', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c,*c,*c,*c,*c,*c]',
    ];
    write('bomb.yaml', `${bomb.join('\n')}\n`);
    store.look();
    expect(store.refused().map(({ file }) => file)).toEqual(['bomb.yaml']);
  });

  it('stays in force when the folder goes away', () => {
    rmSync(folder, { recursive: true });
    store.look();
    expect(store.list()).toHaveLength(2);
    expect(store.refused()).toMatchObject([{ file: folder, keptOld: true }]);
  });
});
