import { UsageQuerySubjects, type UsageRequestsPage } from '#contracts/usage-queries';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { cursorOf } from './place';
import { readQuery } from './requests-page';
import { RequestsRepository } from './requests.repository';

/** Lists of requests, page by page. */
@Controller()
export class RequestsController {
  constructor(private readonly requests: RequestsRepository) {}

  @MessagePattern(UsageQuerySubjects.requests)
  async page(@Payload() query: unknown): Promise<UsageRequestsPage> {
    const wanted = readQuery(query);
    const rows = await this.requests.page({ ...wanted, limit: wanted.limit + 1 });
    const items = rows.slice(0, wanted.limit);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > wanted.limit && last !== undefined ? cursorOf(last) : null };
  }
}
