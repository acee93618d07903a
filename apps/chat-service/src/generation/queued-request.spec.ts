import { CodedError } from '#contracts/errors';
import { FrameKind } from '#contracts/frames';
import type { GenerateRequest } from '#contracts/generate';
import type { Admission, Applicant } from '../admission/admission';
import type { Route } from '../engines/engine-router';
import type { FrameSender } from './frame-sender';
import type { Prologue } from './generation';
import { QueuedRequest } from './queued-request';
import type { TokenReservations } from './token-reservations';

const GONE = new CodedError('engine_unavailable', 'No engine will come.');
const OTHER = 'the other server';

/** A request in a queue that writes down who asks for what. */
function waiting(mayGoElsewhere: boolean): {
  request: QueuedRequest;
  waits: { model: string }[];
  frames: FrameKind[];
  turns: Prologue[];
  unserved: CodedError[];
} {
  const head = { actor: { userId: 'u' }, model: 'own', choices: 1, spentMs: 0 } as GenerateRequest;
  const waits: { model: string }[] = [];
  const frames: FrameKind[] = [];
  const turns: Prologue[] = [];
  const unserved: CodedError[] = [];
  const admission = {
    wait: ({ model }: Applicant) => waits.push({ model }),
  } as unknown as Admission;
  const sender = {
    send: (_gateway: string, _urgency: string, kind: FrameKind) => frames.push(kind),
  } as unknown as FrameSender;
  const request = new QueuedRequest(head, new Uint8Array(), admission, sender, {} as TokenReservations, {
    onTurn: (_, _route, prologue) => turns.push(prologue),
    placeElsewhere: () => {
      if (!mayGoElsewhere || head.servedBy !== undefined) return false;
      head.servedBy = OTHER;
      return true;
    },
    onUnserved: (_, _ending, error) => unserved.push(error),
  });
  request.enter();
  return { request, waits, frames, turns, unserved };
}

describe('a request that waited for an engine which will not come', () => {
  it('waits for the other server where that one may answer, and both waits count', () => {
    const { request, waits, turns, unserved } = waiting(true);
    request.onRefused(GONE, 1_000);
    expect(waits).toEqual([{ model: 'own' }, { model: OTHER }]);
    request.onTurn({} as Route, 50);
    expect(turns).toEqual([{ sequence: 0, queueMs: 1_050 }]);
    expect(unserved).toEqual([]);
  });

  it('is refused when the other server is not there either', () => {
    const { request, unserved } = waiting(true);
    request.onRefused(GONE, 1_000);
    request.onRefused(GONE, 10);
    expect(unserved).toEqual([GONE]);
  });

  it('is refused at once where no other server may answer', () => {
    const { request, waits, frames, unserved } = waiting(false);
    request.onRefused(GONE, 1_000);
    expect(waits).toHaveLength(1);
    expect(frames).toEqual([FrameKind.error]);
    expect(unserved).toEqual([GONE]);
  });
});
