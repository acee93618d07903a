import { badRequest, type Problem } from './api-error';
import { pyValue } from './python';
import { sampleOf } from './structured-output';

export interface Tool {
  readonly name: string;
  readonly parameters: unknown;
}

/** What the answer must be. `call` also for "auto", when the simulator decided to call the tool. */
export type ToolPlan =
  { readonly kind: 'text' } | { readonly kind: 'call'; readonly tool: Tool; readonly named: boolean };

export interface ToolSettings {
  readonly autoToolChoice: boolean;
  readonly toolCallParser: string | null;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const USAGE = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`';

/** check_tool_usage of vllm/entrypoints/openai/chat_completion/protocol.py, in its order and words. */
export function checkToolUsage(body: Json): void {
  const { tools, tool_choice: choice } = body;
  if (Array.isArray(tools) && tools.length === 0) {
    const message = '`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.';
    throw badRequest(message, 'tools');
  }
  if (choice === undefined || choice === null || choice === 'none') return;
  if (tools === undefined || tools === null) {
    throw badRequest('When using `tool_choice`, `tools` must be set.', 'tool_choice');
  }
  if (choice === 'auto' || choice === 'required') return;
  if (!isObject(choice)) {
    const message = `Invalid value for \`tool_choice\`: ${pyValue(choice)}! Only named tools, "none", "auto" or "required" are supported.`;
    throw badRequest(message, 'tool_choice');
  }
  const wanted = choice['function'];
  if (!isObject(wanted)) {
    const message = `Invalid value for \`function\`: \`${pyValue(wanted)}\` in \`tool_choice\`! ${USAGE}`;
    throw badRequest(message, 'tool_choice.function');
  }
  const name = wanted['name'];
  if (name === undefined) {
    throw badRequest(
      `Expected field \`name\` in \`function\` in \`tool_choice\`! ${USAGE}`,
      'tool_choice.function.name',
    );
  }
  if (typeof name !== 'string' || name === '') {
    const message = `Invalid \`name\` in \`function\`: \`${pyValue(name)}\` in \`tool_choice\`! ${USAGE}`;
    throw badRequest(message, 'tool_choice.function.name');
  }
  if (!readTools(tools).some((tool) => tool.name === name)) {
    throw badRequest('The tool specified in `tool_choice` does not match any of the specified `tools`', 'tool_choice');
  }
}

/** Problems of the `tools` field. */
export function toolProblems(tools: unknown): Problem[] {
  if (tools === undefined || tools === null) return [];
  if (!Array.isArray(tools)) {
    return [{ type: 'list_type', loc: 'body.tools', msg: 'Input should be a valid list', input: tools }];
  }
  return tools.flatMap((tool: unknown, index): Problem[] => {
    const loc = `body.tools.${index}`;
    if (!isObject(tool)) {
      const msg = 'Input should be a valid dictionary or instance of ChatCompletionToolsParam';
      return [{ type: 'model_type', loc, msg, input: tool }];
    }
    const problems: Problem[] = [];
    if (tool['type'] !== undefined && tool['type'] !== 'function') {
      const ctx = `{'expected': "'function'"}`;
      const msg = "Input should be 'function'";
      problems.push({ type: 'literal_error', loc: `${loc}.type`, msg, input: tool['type'], ctx });
    }
    const definition = tool['function'];
    if (definition === undefined) {
      problems.push({ type: 'missing', loc: `${loc}.function`, msg: 'Field required', input: tool });
    } else if (!isObject(definition) || typeof definition['name'] !== 'string') {
      problems.push({ type: 'missing', loc: `${loc}.function.name`, msg: 'Field required', input: definition });
    }
    return problems;
  });
}

export function readTools(tools: unknown): Tool[] {
  if (!Array.isArray(tools)) return [];
  return tools.flatMap((tool: unknown): Tool[] => {
    const definition = isObject(tool) ? tool['function'] : undefined;
    if (!isObject(definition) || typeof definition['name'] !== 'string') return [];
    return [{ name: definition['name'], parameters: definition['parameters'] ?? { type: 'object', properties: {} } }];
  });
}

/**
 * Whether the answer is a tool call. With "auto" the simulator calls a tool when the last message is the user's and
 * has a word of the tool's name in it ("weather" for get_weather), so that tests can have it either way.
 */
export function planTools(body: Json, settings: ToolSettings, last: { role: string; text: string }): ToolPlan {
  const tools = readTools(body['tools']);
  const [first] = tools;
  const choice = body['tool_choice'] ?? (first === undefined ? 'none' : 'auto');
  if (first === undefined || choice === 'none') return { kind: 'text' };
  if (choice === 'auto') {
    if (!settings.autoToolChoice || settings.toolCallParser === null) {
      throw badRequest('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set');
    }
    if (last.role !== 'user') return { kind: 'text' };
    const words = last.text.toLowerCase();
    const mentions = (tool: Tool): boolean =>
      tool.name
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u)
        .some((word) => word.length > 3 && words.includes(word));
    const tool = tools.find(mentions);
    return tool === undefined ? { kind: 'text' } : { kind: 'call', tool, named: false };
  }
  const name = isObject(choice) ? (choice['function'] as { name: string }).name : null;
  if (settings.toolCallParser === null) {
    const shown = name === null ? `"${pyValue(choice)}"` : `function "${name}"`;
    throw badRequest(`tool_choice=${shown} requires --tool-call-parser to be set`);
  }
  const tool = tools.find((candidate) => candidate.name === name) ?? first;
  return { kind: 'call', tool, named: name !== null };
}

/** The text that a model writes to call a tool, in the hermes format, cut where the parser cuts it. */
export interface ToolCallText {
  readonly before: string;
  readonly argumentsJson: string;
  readonly after: string;
}

export function toolCallText(tool: Tool): ToolCallText {
  return {
    before: `<tool_call>\n{"name": "${tool.name}", "arguments": `,
    argumentsJson: JSON.stringify(sampleOf(tool.parameters) ?? {}),
    after: '}\n</tool_call>',
  };
}
