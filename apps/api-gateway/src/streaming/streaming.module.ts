import { Module } from '@nestjs/common';
import { ModelsDirectory } from '#common/models-directory';
import { CancelRequests } from './cancel-requests';
import { RequestsController } from './requests.controller';
import { Generations } from './generations';
import { StreamHub } from './stream-hub';

/** The gateway's side of the stream: everything that generates goes through `Generations`. */
@Module({
  controllers: [RequestsController],
  providers: [ModelsDirectory, StreamHub, Generations, CancelRequests],
  exports: [Generations, ModelsDirectory],
})
export class StreamingModule {}
