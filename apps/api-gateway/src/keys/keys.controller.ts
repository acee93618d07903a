import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import type { FastifyRequest } from 'fastify';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { refuseRestrictedKey } from '../auth/restricted-key';
import { ErrorResponseDto } from '../http/error.dto';
import { IdPipe } from '../http/id.pipe';
import { pageOf, type Page } from '../http/page';
import { CreatedKeyDto, CreateKeyDto, KeyDto, KeysQueryDto, toKeyDto, UpdateKeyDto } from './key.dto';
import { KeysService } from './keys.service';

@ApiTags('Keys')
@Controller('api/keys')
@Authenticated()
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class KeysController {
  constructor(private readonly keys: KeysService) {}

  @Get()
  @ApiOperation({ summary: 'My keys, newest first; for admins all' })
  @ApiOkResponse({ type: pageOf(KeyDto) })
  async list(@CurrentActor() actor: Actor, @Query() query: KeysQueryDto): Promise<Page<KeyDto>> {
    const { items, nextCursor } = await this.keys.list(actor, query);
    return { items: items.map(toKeyDto), nextCursor };
  }

  @Post()
  @ApiOperation({ summary: 'Make a key', description: 'The answer is the only place where the key itself is shown.' })
  @ApiCreatedResponse({ type: CreatedKeyDto })
  async create(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body() body: CreateKeyDto,
  ): Promise<CreatedKeyDto> {
    refuseRestrictedKey(request);
    const { key, secret } = await this.keys.create(actor, body);
    return Object.assign(toKeyDto(key), { key: secret });
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Rename a key or change its limits', description: 'In force within a second.' })
  @ApiOkResponse({ type: KeyDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async update(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Param('id', IdPipe) id: string,
    @Body() body: UpdateKeyDto,
  ): Promise<KeyDto> {
    refuseRestrictedKey(request);
    return toKeyDto(await this.keys.update(actor, id, body));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a key', description: 'Refused within a second.' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async remove(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Param('id', IdPipe) id: string,
  ): Promise<void> {
    refuseRestrictedKey(request);
    await this.keys.remove(actor, id);
  }
}
