import { Module } from '@nestjs/common';
import { ModelsDirectory } from '#common/models-directory';
import { AuthModule } from '../auth/auth.module';
import { LimitsModule } from '../limits/limits.module';
import { CancelRequests } from './cancel-requests';
import { RequestsController } from './requests.controller';
import { Generations } from './generations';
import { RevokedAccess } from './revoked-access';
import { StreamHub } from './stream-hub';
import { TokenReservations } from './token-reservations';
import { WitnessedEnds } from './witnessed-ends';

/** The gateway's side of the stream: everything that generates goes through `Generations`. */
@Module({
  imports: [AuthModule, LimitsModule],
  controllers: [RequestsController],
  providers: [ModelsDirectory, WitnessedEnds, StreamHub, Generations, CancelRequests, RevokedAccess, TokenReservations],
  exports: [Generations, ModelsDirectory],
})
export class StreamingModule {}
