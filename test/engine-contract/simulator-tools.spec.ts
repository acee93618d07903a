import { startSimulator, type RunningSimulator } from '#testing/simulator';
import { namedEvents, post } from './raw-http';

const schema = {
  type: 'object',
  properties: { city: { type: 'string', enum: ['Seoul'] } },
  required: ['city'],
};
const input = { city: 'Seoul' };
const question = 'What is the weather?';

/** What a tiny random model cannot be made to do: calls whose arguments fit their schema. */
describe('tool calls of the simulator', () => {
  let simulator: RunningSimulator;

  beforeAll(async () => {
    simulator = await startSimulator({ args: ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'] });
  });

  afterAll(() => simulator.stop());

  const ask = async (path: string, body: unknown): Promise<unknown> =>
    JSON.parse((await post(simulator.url, path, body)).body) as unknown;

  it.each([
    ['of its own choice', { type: 'auto' }],
    ['because it must', { type: 'any' }],
    ['by name', { type: 'tool', name: 'get_weather' }],
  ])('are tool_use blocks of messages: %s', async (_, choice) => {
    const request = {
      model: 'sim',
      max_tokens: 200,
      messages: [{ role: 'user', content: question }],
      tools: [{ name: 'get_weather', input_schema: schema }],
      tool_choice: choice,
    };
    const block = { type: 'tool_use', name: 'get_weather', input };
    expect(await ask('/v1/messages', request)).toMatchObject({ stop_reason: 'tool_use', content: [block] });
    const all = namedEvents(await post(simulator.url, '/v1/messages', { ...request, stream: true }));
    const json = all.map(({ data }) => (data['delta'] as { partial_json?: string } | undefined)?.partial_json ?? '');
    expect(JSON.parse(json.join(''))).toEqual(input);
    expect(all.at(-2)?.data['delta']).toEqual({ stop_reason: 'tool_use', stop_sequence: null });
  });

  it.each([
    ['of its own choice', 'auto'],
    ['because it must', 'required'],
    ['by name', { type: 'function', name: 'get_weather' }],
  ])('are function_call items of responses: %s', async (_, choice) => {
    const tools = [{ type: 'function', name: 'get_weather', parameters: schema }];
    const request = { input: question, tools, tool_choice: choice };
    const item = { type: 'function_call', name: 'get_weather', status: 'completed' };
    const whole = (await ask('/v1/responses', request)) as { status: string; output: { arguments: string }[] };
    expect(whole).toMatchObject({ status: 'completed', output: [item], tools });
    expect(JSON.parse(whole.output[0]?.arguments ?? '')).toEqual(input);
    const all = namedEvents(await post(simulator.url, '/v1/responses', { ...request, stream: true }));
    const names = all.map(({ name }) => name.replace(/^response\./, ''));
    const deltas = names.filter((name) => name === 'function_call_arguments.delta');
    const opening = ['created', 'in_progress', 'output_item.added'];
    expect(names).toEqual([...opening, ...deltas, 'function_call_arguments.done', 'output_item.done', 'completed']);
    expect(all.at(-1)?.data['response']).toMatchObject({ output: [item] });
  });

  it('need a parser: without one the tools of a response only stand in its prompt', async () => {
    const plain = await startSimulator();
    const tools = [{ type: 'function', name: 'get_weather', parameters: schema }];
    const response = await post(plain.url, '/v1/responses', { input: question, tools });
    expect(JSON.parse(response.body)).toMatchObject({ output: [{ type: 'message' }], tool_choice: 'auto' });
    await plain.stop();
  });
});
