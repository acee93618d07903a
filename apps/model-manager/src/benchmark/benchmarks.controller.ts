import {
  BenchmarkSubjects,
  type BenchmarkList,
  type BenchmarkQuery,
  type BenchmarkRun,
  type BenchmarkStart,
  type BenchmarkStarted,
} from '#contracts/benchmarks';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { BenchmarkService } from './benchmark.service';

/** Benchmarks by command. */
@Controller()
export class BenchmarksController {
  constructor(private readonly benchmarks: BenchmarkService) {}

  @MessagePattern(BenchmarkSubjects.start)
  start(@Payload() command: BenchmarkStart): BenchmarkStarted {
    return this.benchmarks.start(command);
  }

  @MessagePattern(BenchmarkSubjects.list)
  list(@Payload() query: BenchmarkQuery): BenchmarkList {
    return this.benchmarks.list(query);
  }

  @MessagePattern(BenchmarkSubjects.get)
  get(@Payload() { id }: { id: string }): BenchmarkRun {
    return this.benchmarks.get(id);
  }

  @MessagePattern(BenchmarkSubjects.cancel)
  cancel(@Payload() { id }: { id: string }): Promise<BenchmarkRun> {
    return this.benchmarks.cancel(id);
  }
}
