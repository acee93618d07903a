import { join } from 'node:path';
import { checkProfile } from '../fit/check-profile';
import { ModelFacts } from '../profiles/model-facts';
import type { EngineSettings, Profile } from '../profiles/profile';
import { BootFiguresReader } from './boot-figures';
import type { StoredBoot } from './boot-store';
import { Calibrator } from './calibrator';

const facts = new ModelFacts(join(__dirname, '../../../../models'));
const gpus = [0, 1].map((index) => ({
  index,
  uuid: `GPU-${index}`,
  name: 'NVIDIA GeForce RTX 3090',
  totalMib: 24_576,
  freeMib: null,
  computeCapability: 8.6,
}));
const engine: EngineSettings = {
  model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B',
  dtype: 'float16',
  tensorParallelSize: 2,
  maxModelLen: 8192,
  gpuMemoryUtilization: 0.9,
};

/** The lines of a boot that hold figures, as vLLM 0.32 writes them for two workers. */
const LOG = `
(EngineCore pid=1) INFO 11-21 10:00:00 [core.py:90] Initializing a V1 LLM engine (v0.32.0) with config: model='x'
(Worker_TP0 pid=2) INFO 11-21 10:00:20 [model_runner.py:407] Model loading took 13.9 GiB memory and 20.111111 seconds
(Worker_TP1 pid=3) INFO 11-21 10:00:20 [model_runner.py:407] Model loading took 13.88 GiB memory and 20.222222 seconds
(Worker_TP0 pid=2) INFO 11-21 10:00:40 [backends.py:393] Compiling a graph for compile range (1, 2048) takes 15.65 s
(Worker_TP0 pid=2) INFO 11-21 10:00:44 [gpu_worker.py:692] Available KV cache memory: 5.11 GiB
(Worker_TP1 pid=3) INFO 11-21 10:00:44 [gpu_worker.py:692] Available KV cache memory: 5.02 GiB
(EngineCore pid=1) INFO 11-21 10:00:44 [kv_cache_utils.py:2464] GPU KV cache size: 54,816 tokens, Maximum concurrency for 8,192 tokens per request: 6.69x
(Worker_TP0 pid=2) INFO 11-21 10:00:50 [model_runner.py:791] Graph capturing finished in 5 secs, took 0.31 GiB
`;

function measured(log: string): { calibrator: Calibrator; stored: StoredBoot[] } {
  const stored: StoredBoot[] = [];
  const boots = { of: () => stored, save: (boot: StoredBoot) => void stored.unshift(boot) };
  const quiet = { log: () => undefined, warn: () => undefined };
  const calibrator = new Calibrator(
    boots,
    () => gpus,
    (id) => facts.find(id),
    quiet,
  );
  const reader = new BootFiguresReader();
  for (const line of log.split('\n')) reader.read(line);
  const figures = reader.figures();
  if (figures !== null) calibrator.record('r1', engine, 0, figures);
  return { calibrator, stored };
}

describe('a measured boot', () => {
  const { calibrator, stored } = measured(LOG);
  const check = (settings: object) => {
    const profile: Profile = {
      name: 'r1',
      aliases: [],
      defaults: {},
      fallbacks: [],
      engines: [{ ...engine, ...settings }],
    };
    return checkProfile(profile, {
      hardware: { gpus },
      lookup: (id) => facts.find(id),
      siblings: () => [],
      measured: (own, index) => calibrator.measured('r1', own, index),
    });
  };

  it('is read from the log, and the GPU with the least cache counts', () => {
    expect(stored[0]).toMatchObject({ vllmVersion: '0.32.0', kvCacheTokens: 54_816, coldCompile: true, boots: 1 });
    expect(stored[0]!.kvCacheBytes / 2 ** 30).toBeCloseTo(5.02, 5);
  });

  it('is where the next prediction starts: within 2 % of it, and the answer says so', () => {
    const answer = check({});
    for (const [low, high] of [answer.kvCacheTokens]) {
      expect(low).toBeGreaterThan(54_816 * 0.98);
      expect(high).toBeLessThan(54_816 * 1.02);
      expect(low <= 54_816 && 54_816 <= high).toBe(true);
    }
    expect(answer.calibration).toMatchObject({ vllmVersion: '0.32.0', kvCacheTokens: 54_816, off: true });
    expect(answer.calibration!.suggestedKvCacheMemoryBytes / 2 ** 30).toBeLessThan(5.02);
    expect(answer.notes.join()).toMatch(/pin kvCacheMemoryBytes/);
  });

  it('carries over to another utilisation and context, but to no other setting', () => {
    const more = check({ gpuMemoryUtilization: 0.92, maxModelLen: 16_384 });
    expect(more.calibration).not.toBeNull();
    const [low, high] = more.gpus[0]!.kvCacheGib;
    expect((low + high) / 2).toBeCloseTo(5.02 + 0.02 * 23.56, 1);
    expect(check({ maxNumSeqs: 16 }).calibration).toBeNull();
    expect(check({ model: 'Qwen/Qwen2.5-14B-Instruct' }).calibration).toBeNull();
  });

  it('is none until the log has told all that is needed', () => {
    expect(measured(LOG.replace(/GPU KV cache size/, 'nothing')).stored).toEqual([]);
  });
});
