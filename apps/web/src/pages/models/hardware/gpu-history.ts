import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { create } from 'zustand';
import { hardwareQuery, type Gpu, type Hardware } from '../queries';

/** One reading of all cards; what a card does not tell is null. */
export interface GpuSample {
  /** Epoch milliseconds. */
  at: number;
  gpus: readonly Pick<Gpu, 'index' | 'usedMib' | 'utilisation' | 'temperature' | 'power'>[];
}

/** An hour, at a reading every ten seconds. */
const KEPT = 360;

interface History {
  samples: readonly GpuSample[];
}

/** Readings since the pages about models were opened. */
export const useGpuHistory = create<History>(() => ({ samples: [] }));

/** The samples with a reading added, unless it is there already; the oldest go. */
export function withReading(samples: readonly GpuSample[], { readAt, gpus }: Hardware): readonly GpuSample[] {
  const last = samples.at(-1);
  if (readAt === null || gpus.length === 0 || (last !== undefined && readAt <= last.at)) return samples;
  return [...samples, { at: readAt, gpus }].slice(-KEPT);
}

export type Metric = 'usedMib' | 'utilisation' | 'temperature' | 'power';

/** As uPlot takes it: seconds, then the values of each card, by its index. */
export function columnsOf(
  samples: readonly GpuSample[],
  metric: Metric,
  indices: readonly number[],
): [number[], ...(number | null)[][]] {
  const values = indices.map((index) =>
    samples.map(({ gpus }) => gpus.find((gpu) => gpu.index === index)?.[metric] ?? null),
  );
  return [samples.map(({ at }) => at / 1_000), ...values];
}

/** Goes on reading while it is mounted. */
export function useKeepGpuHistory(): void {
  const { data } = useQuery(hardwareQuery);
  useEffect(() => {
    if (data !== undefined) useGpuHistory.setState(({ samples }) => ({ samples: withReading(samples, data) }));
  }, [data]);
}
