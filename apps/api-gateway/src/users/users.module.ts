import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { MeController } from './me.controller';
import { MeService } from './me.service';
import { RemovedUsers } from './removed-users';
import { UsersController } from './users.controller';
import { UsersService } from './users.service';

@Module({
  imports: [AuthModule],
  controllers: [UsersController, MeController],
  providers: [UsersService, MeService, RemovedUsers],
  exports: [MeService],
})
export class UsersModule {}
