import type { EngineAnnouncement } from '#contracts/models';
import { servingSide, type MachineState } from './machine-model';

/**
 * What is told of the engines during a switch. To hold requests is nothing but this: the engines that go are `draining`, those
 * that come are `loading`, and chat-service waits for both. Those that come stand first: they say how long it takes.
 */
export function announceSides(
  state: MachineState,
  from: readonly EngineAnnouncement[],
  to: readonly EngineAnnouncement[],
): EngineAnnouncement[] {
  const serving = servingSide(state);
  const leaving = serving === 'from' ? from : from.map(heldBack);
  switch (state.kind) {
    case 'draining':
    case 'stopping':
    case 'freeing':
    case 'starting':
    case 'warming_up':
      return [...to.map(coming), ...leaving];
    case 'handing_over':
      return [...to, ...leaving];
    case 'benchmarking':
      return [...to];
    case 'validating':
      // One that has failed is about to be replaced: who asks for it now waits for that.
      return from.map((engine) => (engine.state.kind === 'failed' ? heldBack(engine) : engine));
    case 'undoing':
    case 'undo_freeing':
      return [...leaving];
    case 'restoring':
      // Those that were ended have not been started again yet.
      return from.map((engine) => (engine.state.kind === 'stopped' ? heldBack(engine) : engine));
    case 'over':
      return serving === 'to' ? [...to] : [...from];
  }
}

function heldBack(engine: EngineAnnouncement): EngineAnnouncement {
  return { ...engine, state: { kind: 'draining' } };
}

/** It may answer already, but is not given anything before it is warm. */
function coming(engine: EngineAnnouncement): EngineAnnouncement {
  const { state } = engine;
  switch (state.kind) {
    case 'loading':
      return engine;
    case 'ready':
      return { ...engine, state: { kind: 'loading', phase: 'warming up', percent: 99, startedAt: state.since } };
    case 'stopped':
    case 'draining':
    case 'failed':
      return { ...engine, state: { kind: 'loading', phase: 'waiting for its GPUs', percent: 0, startedAt: 0 } };
  }
}
