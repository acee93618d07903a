import { ALERT_KINDS, type Alert } from '#contracts/alerts';
import { z } from 'zod';
import type { RecordKind } from '../storage/record-bucket';

const alertSchema = z.object({
  id: z.string(),
  kind: z.enum(ALERT_KINDS),
  engine: z.string().nullable(),
  message: z.string(),
  count: z.number().nullable(),
  threshold: z.number().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
});

/** Alerts as they are kept; those of another version are forgotten. */
export const STORED_ALERTS: RecordKind<Alert> = {
  bucket: 'models-alerts',
  keyOf: ({ id }) => [id],
  parse: (document) => alertSchema.safeParse(document).data ?? null,
};
