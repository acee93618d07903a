import { Module } from '@nestjs/common';
import { WebController } from './web.controller';

/** Serves the built web UI (apps/web). */
@Module({ controllers: [WebController] })
export class WebModule {}
