import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '#common/config';
import { splitCommand } from '../drivers/command-line';
import { DEFAULT_PROFILE, loadProfile, shapeProfile } from './load-profile';
import type { EngineSettings } from './profile';
import { vllmArguments } from './vllm-flags';

const PROFILES = join(__dirname, '../../../../profiles');

describe('profiles', () => {
  const shipped = loadProfile(PROFILES, DEFAULT_PROFILE);
  const first = (profile: { engines: EngineSettings[] }): EngineSettings => profile.engines[0]!;

  it('the default one serves R1 Distill 14B on two cards with a utilisation that holds its weights', () => {
    expect(shipped.name).toBe(DEFAULT_PROFILE);
    expect(first(shipped)).toMatchObject({
      model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B',
      dtype: 'float16',
      tensorParallelSize: 2,
      maxModelLen: 8192,
    });
    expect(first(shipped).gpuMemoryUtilization! * 23.56).toBeGreaterThan(13.95);
  });

  it('become the arguments of vLLM', () => {
    const settings: EngineSettings = {
      model: 'Qwen/Qwen3-8B',
      maxModelLen: 8192,
      gpuMemoryUtilization: 0.9,
      enforceEager: true,
      enablePrefixCaching: false,
      servedModelName: ['a', 'b'],
      hfOverrides: { rope_theta: 1 },
      gpus: [1],
    };
    expect(vllmArguments(settings).join(' ')).toBe(
      'Qwen/Qwen3-8B --max-model-len 8192 --gpu-memory-utilization 0.9 --enforce-eager --no-enable-prefix-caching' +
        ' --served-model-name a b --hf-overrides {"rope_theta":1}',
    );
  });

  it('take the four variables that shape them', () => {
    const shaped = shapeProfile(shipped, { tensorParallelSize: 1, maxModelLen: '4k', gpuMemoryUtilization: 0.8 });
    expect(shaped.aliases).toEqual(shipped.aliases);
    expect(first(shaped)).toMatchObject({
      tensorParallelSize: 1,
      gpus: [0],
      maxModelLen: '4k',
      gpuMemoryUtilization: 0.8,
    });
    expect(first(shapeProfile(shipped, { tensorParallelSize: 4 })).gpus).toEqual([0, 1, 2, 3]);
  });

  it('keep only what belongs to the host when the model is another one', () => {
    const shaped = shapeProfile(shipped, { modelId: '/models/Qwen3-14B-AWQ/' });
    expect(shaped).toMatchObject({ name: 'qwen3-14b-awq', aliases: [], defaults: {} });
    expect(first(shaped)).toEqual({
      model: '/models/Qwen3-14B-AWQ/',
      tensorParallelSize: 2,
      maxModelLen: 8192,
      gpuMemoryUtilization: 0.9,
      gpus: [0, 1],
    });
  });

  it('stop the start with one line that names the file, the line and the field', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
    writeFileSync(join(folder, 'bad.yaml'), 'name: bad\nengines:\n  - model: m\n    gpuMemoryUtilization: 1.5\n');
    expect(() => loadProfile(folder, 'bad')).toThrow(/bad\.yaml:4: engines\.0\.gpuMemoryUtilization: /);
    expect(() => loadProfile(folder, 'none')).toThrow(ConfigError);
    rmSync(folder, { recursive: true });
  });
});

describe('a command line', () => {
  it('is split at white space, except in quotes', () => {
    expect(splitCommand(`"/opt/my vllm/bin/vllm" --a='b c'  d`)).toEqual(['/opt/my vllm/bin/vllm', '--a=b c', 'd']);
    expect(splitCommand('  ')).toEqual([]);
  });
});
