import { Module } from '@nestjs/common';
import { UsersModule } from '../users/users.module';
import { MyDataController } from './my-data.controller';
import { MyDataService } from './my-data.service';

/** What is kept of somebody: to take along, to delete. */
@Module({ imports: [UsersModule], controllers: [MyDataController], providers: [MyDataService] })
export class MyDataModule {}
