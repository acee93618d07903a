import { Readable } from 'node:stream';
import { Controller, Delete, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import type { RemovedUserData } from '#contracts/conversations';
import type { FastifyReply } from 'fastify';
import { CurrentActor, SignedIn } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { MyDataService } from './my-data.service';

class RemovedDataDto implements RemovedUserData {
  @ApiProperty()
  conversations!: number;

  @ApiProperty()
  messages!: number;

  @ApiProperty()
  prompts!: number;
}

/** People only: a key in a script must neither carry all conversations away nor delete them. */
@ApiTags('Me')
@Controller('api/me/data')
@SignedIn()
@ApiServiceUnavailableResponse({ description: 'A part of Tandem is away.', type: ErrorResponseDto })
export class MyDataController {
  constructor(private readonly data: MyDataService) {}

  @Get()
  @ApiOperation({
    summary: 'Take my data along',
    description: 'Account, keys (without secrets), conversations, prompts and usage, as one JSON document.',
  })
  @ApiOkResponse({ content: { 'application/json': { schema: { type: 'object' } } } })
  async export(@CurrentActor() actor: Actor, @Res() reply: FastifyReply): Promise<void> {
    void reply.headers({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="tandem-data.json"',
      'cache-control': 'no-store',
    });
    await reply.send(Readable.from(this.data.export(actor)));
  }

  @Delete()
  @ApiOperation({
    summary: 'Delete my data',
    description:
      'All conversations, prompts and settings, at once and for good. The account and its keys stay; so do the ' +
      "ledger's rows, which hold counts and no text.",
  })
  @ApiOkResponse({ type: RemovedDataDto })
  remove(@CurrentActor() actor: Actor): Promise<RemovedUserData> {
    return this.data.remove(actor);
  }
}
