/** Where a what-if takes place. */
export type Host =
  | { kind: 'this' }
  /** `totalGib` of each card, as it is sold: a 3090 has 24. */
  | { kind: 'other'; gpus: number; totalGib: number; computeCapability: number };

export const THIS_HOST: Host = { kind: 'this' };

/** Two RTX 3090. */
export const ANOTHER_HOST: Host = { kind: 'other', gpus: 2, totalGib: 24, computeCapability: 8.6 };

/** As POST /api/profiles/check takes it; nothing for this host. */
export function hardwareOf(host: Host): { hardware?: { gpus: Record<string, unknown>[] } } {
  if (host.kind === 'this') return {};
  const { totalGib, computeCapability } = host;
  const gpu = { name: `${totalGib} GiB`, totalMib: Math.round(totalGib * 1_024), computeCapability };
  return { hardware: { gpus: Array.from({ length: host.gpus }, () => gpu) } };
}
