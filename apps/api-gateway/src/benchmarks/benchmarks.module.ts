import { Module } from '@nestjs/common';
import { BenchmarksController } from './benchmarks.controller';

/** Benchmarks and alerts over HTTP. */
@Module({ controllers: [BenchmarksController] })
export class BenchmarksModule {}
