import { engineContract } from './contract';

const url = process.env['ENGINE_BASE_URL'];
if (url === undefined) throw new Error('ENGINE_BASE_URL must say where the engine is: use "npm run test:vllm"');

describe(`the engine at ${url}`, () => {
  engineContract(() => ({ url }));
});
