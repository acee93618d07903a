import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import type { FastifyRequest } from 'fastify';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { refuseRestrictedKey } from '../auth/restricted-key';
import { ErrorResponseDto } from '../http/error.dto';
import { IdPipe } from '../http/id.pipe';
import { pageOf, PageQueryDto, type Page } from '../http/page';
import { CreateUserDto, toUserDto, UpdateUserDto, UserDto } from './user.dto';
import { UsersService } from './users.service';

@ApiTags('Users')
@Controller('api/users')
@Roles('admin')
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @ApiOperation({ summary: 'All users, newest first' })
  @ApiOkResponse({ type: pageOf(UserDto) })
  async list(@Query() query: PageQueryDto): Promise<Page<UserDto>> {
    const { items, nextCursor } = await this.users.list(query);
    return { items: items.map(toUserDto), nextCursor };
  }

  @Post()
  @ApiOperation({ summary: 'Make a user' })
  @ApiCreatedResponse({ type: UserDto })
  @ApiConflictResponse({ description: 'The e-mail is taken.', type: ErrorResponseDto })
  async create(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body() body: CreateUserDto,
  ): Promise<UserDto> {
    refuseRestrictedKey(request);
    return toUserDto(await this.users.create(actor, body));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One user' })
  @ApiOkResponse({ type: UserDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async get(@Param('id', IdPipe) id: string): Promise<UserDto> {
    return toUserDto(await this.users.get(id));
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change e-mail, password, role, or disable',
    description:
      'A new password or role, or disabling, ends the access tokens of the user within a second; disabling also ends the answers that are being streamed.',
  })
  @ApiOkResponse({ type: UserDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  @ApiConflictResponse({ description: 'The e-mail is taken, or this is the last admin.', type: ErrorResponseDto })
  async update(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: UpdateUserDto,
    @Req() request: FastifyRequest,
  ): Promise<UserDto> {
    refuseRestrictedKey(request);
    return toUserDto(await this.users.update(actor, id, body));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a user, with all keys and sessions' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  @ApiConflictResponse({ description: 'This is the last admin.', type: ErrorResponseDto })
  async remove(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    refuseRestrictedKey(request);
    await this.users.remove(actor, id);
  }
}
