import { engineContract } from './contract';

const url = process.env['ENGINE_BASE_URL'];
if (url === undefined) throw new Error('ENGINE_BASE_URL must say where the engine is: use "npm run test:vllm"');
const tools = process.env['ENGINE_TOOL_PARSER'] === 'yes' ? 'with a tool parser' : 'without a tool parser';

describe(`the engine at ${url}, ${tools}`, () => {
  engineContract(tools, () => ({ url }));
});
