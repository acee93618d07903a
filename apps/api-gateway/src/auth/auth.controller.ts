import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { CodedError } from '#contracts/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ErrorResponseDto } from '../http/error.dto';
import { toUserDto } from '../users/user.dto';
import { Public } from './access.decorators';
import { LoginDto, SessionDto } from './auth.dto';
import { AuthService, type Session } from './auth.service';
import { readRefreshCookie, writeRefreshCookie } from './refresh-cookie';

@ApiTags('Sign in')
@Controller('api/auth')
@Public()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('login')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Sign in with e-mail and password',
    description:
      'Answers an access token of 15 minutes and sets the refresh token as a cookie that scripts cannot read.',
  })
  @ApiOkResponse({ type: SessionDto })
  @ApiBadRequestResponse({ type: ErrorResponseDto })
  @ApiUnauthorizedResponse({ description: 'Wrong e-mail or password.', type: ErrorResponseDto })
  @ApiTooManyRequestsResponse({ description: 'Too many failed logins.', type: ErrorResponseDto })
  async login(
    @Body() body: LoginDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionDto> {
    return begun(request, reply, await this.auth.login(body.email, body.password, request.ip));
  }

  @Post('refresh')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Trade the refresh cookie for a new access token and a new cookie',
    description: 'Each cookie is good once. One that comes a second time ends the whole session.',
  })
  @ApiOkResponse({ type: SessionDto })
  @ApiUnauthorizedResponse({ description: 'No session, or it is over.', type: ErrorResponseDto })
  async refresh(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<SessionDto> {
    const token = readRefreshCookie(request);
    if (token === null) throw new CodedError('invalid_token', 'There is no session to refresh. Sign in.');
    try {
      return begun(request, reply, await this.auth.refresh(token));
    } catch (error) {
      if (error instanceof CodedError && error.code === 'invalid_token') writeRefreshCookie(request, reply, null);
      throw error;
    }
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({ summary: 'End this session', description: 'Its refresh tokens end now, its access token by itself.' })
  @ApiNoContentResponse()
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const token = readRefreshCookie(request);
    if (token !== null) await this.auth.logout(token);
    writeRefreshCookie(request, reply, null);
  }
}

function begun(request: FastifyRequest, reply: FastifyReply, session: Session): SessionDto {
  writeRefreshCookie(request, reply, session.refreshToken);
  // RFC 6749, 5.1: an answer with a token is not cached.
  void reply.header('cache-control', 'no-store');
  return { accessToken: session.accessToken, expiresIn: session.expiresIn, user: toUserDto(session.user) };
}
