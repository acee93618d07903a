import { choices } from './cases/choices';
import { counters } from './cases/counters';
import { formats } from './cases/formats';
import { leaving } from './cases/leaving';
import { messages } from './cases/messages';
import { recordedAnswers } from './cases/recorded-answers';
import { responses } from './cases/responses';
import { streams } from './cases/streams';
import { EngineClient, type Tools } from './engine-client';

/**
 * What Tandem relies on of an engine. The same suite runs against the simulator and against a real vLLM: it looks at
 * the protocol, never at what a model says. The engine must serve "tiny-chat" with a context of 2,048 tokens, once
 * with --enable-auto-tool-choice --tool-call-parser hermes and once without.
 */
export function engineContract(tools: Tools, engine: () => { readonly url: string }): void {
  const client = new EngineClient(tools, engine);
  for (const cases of [recordedAnswers, streams, choices, formats, counters, leaving, messages, responses])
    cases(client);
}
