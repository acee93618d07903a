import { Module } from '@nestjs/common';
import { ProfilesController } from './profiles.controller';

/** Profiles and hardware over HTTP; model-manager has the answers. */
@Module({ controllers: [ProfilesController] })
export class ProfilesModule {}
