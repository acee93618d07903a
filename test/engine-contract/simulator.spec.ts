import { startSimulator, type RunningSimulator } from '#testing/simulator';
import { engineContract } from './contract';
import type { Tools } from './engine-client';

const FLAGS: Record<Tools, readonly string[]> = {
  'with a tool parser': ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
  'without a tool parser': [],
};

describe.each<Tools>(['with a tool parser', 'without a tool parser'])('the simulated vLLM %s', (tools) => {
  let simulator: RunningSimulator;

  beforeAll(async () => {
    simulator = await startSimulator({ model: 'tiny-chat', args: ['--max-model-len', '2048', ...FLAGS[tools]] });
  });

  afterAll(() => simulator.stop());

  engineContract(tools, () => simulator);
});
