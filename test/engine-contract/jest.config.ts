import type { Config } from 'jest';
import base from '../../jest.config';

/** The contract suite against an engine that somebody else started: see `npm run test:vllm`. */
const config: Config = {
  ...base,
  rootDir: '../..',
  testMatch: ['<rootDir>/test/engine-contract/vllm.contract.ts'],
  testTimeout: 60_000,
  maxWorkers: 1,
};

export default config;
