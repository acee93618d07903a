import { startSimulator, type RunningSimulator } from '#testing/simulator';
import { engineContract } from './contract';

let simulator: RunningSimulator;

beforeAll(async () => {
  simulator = await startSimulator({
    model: 'tiny-chat',
    args: ['--max-model-len', '2048', '--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
  });
});

afterAll(() => simulator.stop());

describe('the simulated vLLM', () => {
  engineContract(() => simulator);
});
