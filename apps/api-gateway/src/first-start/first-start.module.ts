import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { FirstStart } from './first-start';

@Module({ imports: [AuthModule], providers: [FirstStart] })
export class FirstStartModule {}
