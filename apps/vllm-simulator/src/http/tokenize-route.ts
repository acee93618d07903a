import { detokenize, tokenize, tokenPiece } from '#testing/simulated-tokens';
import { invalidFields, modelNotFound, type Problem } from '../protocol/api-error';
import type { Body } from '../protocol/fields';
import { checkMessages, readMessages } from '../protocol/messages';
import { chatPromptIds, checkPromptText } from '../protocol/prompt';
import type { Exchange } from './exchange';
import type { ServerState } from './server-state';

function checkModel(state: ServerState, body: Body): void {
  const { model } = body;
  if (typeof model === 'string' && model !== '' && !state.options.servedNames.includes(model)) {
    throw modelNotFound(model, state.options.servedNames);
  }
}

const missing = (field: string, body: Body): Problem => ({
  type: 'missing',
  loc: `body.${field}`,
  msg: 'Field required',
  input: body,
});

/** A token as the tokenizer's own vocabulary spells it: a space is Ġ and a newline Ċ. */
const spelled = (id: number): string => {
  const piece = tokenPiece(id);
  if (typeof piece !== 'string') return `<0x${(piece ?? 0).toString(16).toUpperCase().padStart(2, '0')}>`;
  return piece.replaceAll(' ', 'Ġ').replaceAll('\n', 'Ċ');
};

export function tokenizeRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const ids = promptIds(state, body);
  exchange.json(200, {
    count: ids.length,
    max_model_len: state.limits.maxModelLen,
    tokens: ids,
    token_strs: body['return_token_strs'] === true ? ids.map(spelled) : null,
  });
}

function promptIds(state: ServerState, body: Body): number[] {
  const { prompt, messages } = body;
  if (typeof prompt === 'string') {
    checkModel(state, body);
    checkPromptText(prompt, state.limits.maxModelLen);
    return tokenize(prompt);
  }
  if (messages === undefined) throw invalidFields([missing('prompt', body), missing('messages', body)]);
  const problem = checkMessages(messages, body);
  if (problem !== null) throw invalidFields([problem]);
  checkModel(state, body);
  const read = readMessages(messages as readonly unknown[], state.options.model);
  for (const { text } of read) checkPromptText(text, state.limits.maxModelLen);
  return chatPromptIds(read, [], body['add_generation_prompt'] !== false);
}

export function detokenizeRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const { tokens } = body;
  if (tokens === undefined) throw invalidFields([missing('tokens', body)]);
  if (!Array.isArray(tokens)) {
    throw invalidFields([
      { type: 'list_type', loc: 'body.tokens', msg: 'Input should be a valid list', input: tokens },
    ]);
  }
  checkModel(state, body);
  exchange.json(200, { prompt: detokenize(tokens.map(Number)) });
}
