import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { loadConfig } from '../config';
import { createGateway } from '../http/server';

/** The gateway's routes without anything behind them: to read what they declare. */
export function previewGateway(): Promise<NestFastifyApplication> {
  const config = loadConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1/none', JWT_SECRET: 'x'.repeat(32) });
  return createGateway(config, { preview: true });
}
