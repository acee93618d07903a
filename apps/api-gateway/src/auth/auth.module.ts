import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { PassportModule } from '@nestjs/passport';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { RedisModule } from '../limits/redis.module';
import { AccessCache } from './access-cache';
import { AccessGuard } from './access.guard';
import { AuthController } from './auth.controller';
import { AuthService } from './auth.service';
import { JwtGuard } from './jwt.guard';
import { ACCESS_TOKEN_SECONDS, JWT_ALGORITHM, JWT_AUDIENCE, JWT_ISSUER, JwtStrategy } from './jwt.strategy';
import { LoginThrottle } from './login-throttle';
import { Passwords } from './passwords';
import { RefreshTokens } from './refresh-tokens';

/** Who calls, and may they: API keys, access tokens, logins. */
@Module({
  imports: [
    PassportModule,
    RedisModule,
    JwtModule.registerAsync({
      inject: [GATEWAY_CONFIG],
      useFactory: (config: GatewayConfig) => ({
        secret: config.JWT_SECRET,
        signOptions: {
          algorithm: JWT_ALGORITHM,
          issuer: JWT_ISSUER,
          audience: JWT_AUDIENCE,
          expiresIn: ACCESS_TOKEN_SECONDS,
        },
      }),
    }),
  ],
  controllers: [AuthController],
  providers: [
    AccessCache,
    AuthService,
    JwtGuard,
    JwtStrategy,
    LoginThrottle,
    Passwords,
    RefreshTokens,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [AccessCache, AuthService, Passwords, RefreshTokens],
})
export class AuthModule {}
