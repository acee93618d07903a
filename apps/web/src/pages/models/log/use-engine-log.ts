import { useEffect, useReducer } from 'react';
import { followEvents } from '../../../api/follow-events';
import { withLines, type LogLine } from './log-lines';

type Change = { kind: 'begun' } | { kind: 'added'; lines: string[] };

const TAIL = 1_000;

function change(lines: LogLine[], event: Change): LogLine[] {
  return event.kind === 'begun' ? [] : withLines(lines, event.lines);
}

/** The end of an engine's log, and what is added while somebody looks. */
export function useEngineLog(engineId: string): LogLine[] {
  const [lines, tell] = useReducer(change, []);
  useEffect(() => {
    const path = `/api/engines/${encodeURIComponent(engineId)}/logs?follow=true&lines=${TAIL}`;
    const hear = (event: string, data: unknown): void => {
      if (event === 'lines') tell({ kind: 'added', lines: (data as { lines: string[] }).lines });
    };
    // Each connection begins with the end of the log again.
    return followEvents(path, hear, () => tell({ kind: 'begun' }));
  }, [engineId]);
  return lines;
}
