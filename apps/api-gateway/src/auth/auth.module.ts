import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { AccessCache } from './access-cache';
import { AccessGuard } from './access.guard';
import { JwtGuard } from './jwt.guard';
import { JwtStrategy } from './jwt.strategy';
import { Passwords } from './passwords';

/** Who calls, and may they: API keys, access tokens, logins. */
@Module({
  imports: [PassportModule],
  providers: [AccessCache, JwtGuard, JwtStrategy, Passwords, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [AccessCache, Passwords],
})
export class AuthModule {}
