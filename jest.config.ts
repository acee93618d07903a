import type { Config } from 'jest';

const config: Config = {
  rootDir: '.',
  testEnvironment: 'node',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/tools', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/apps/web/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true, dynamicImport: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
          keepClassNames: true,
        },
        module: { type: 'commonjs', ignoreDynamic: true },
      },
    ],
  },
  moduleNameMapper: {
    '^#(contracts|common|testing)/(.*)$': '<rootDir>/libs/$1/src/$2',
  },
  // On two cores: a spec waits for other processes a good third of its time. Each has its own nats-server, Postgres and ports.
  maxWorkers: 3,
  testSequencer: '<rootDir>/tools/test/long-first.cjs',
  // For a machine that does other things too: a wait ends when what it waits for has come, this only when it never does.
  testTimeout: 120_000,
};

export default config;
