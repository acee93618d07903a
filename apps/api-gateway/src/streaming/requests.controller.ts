import { Controller, Delete, HttpCode, Param } from '@nestjs/common';
import { ApiNoContentResponse, ApiNotFoundResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { CancelRequests } from './cancel-requests';

@ApiTags('Requests')
@Controller('api/requests')
export class RequestsController {
  constructor(private readonly requests: CancelRequests) {}

  @Delete(':requestId')
  @Authenticated()
  @HttpCode(204)
  @ApiOperation({ summary: 'Cancel a running request of your own (an admin: of anybody)' })
  @ApiNoContentResponse({ description: 'It is cancelled; its engine slot is free within a second.' })
  @ApiNotFoundResponse({ description: 'It is not running, or not yours.', type: ErrorResponseDto })
  async cancel(@Param('requestId') requestId: string, @CurrentActor() actor: Actor): Promise<void> {
    await this.requests.cancel(requestId, actor);
  }
}
