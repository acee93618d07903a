import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { AccessCache } from '../auth/access-cache';
import { SseFeed } from './sse-feed';

/** Each holds a socket and is written to on every change. */
const MAX_FEEDS = 500;
const MAX_FEEDS_OF_A_USER = 20;

/** The feeds that are open, so that they are bounded, and end with their users' access and with the service. */
@Injectable()
export class Feeds implements OnModuleInit, BeforeApplicationShutdown {
  private readonly open = new Map<SseFeed, Actor>();

  constructor(private readonly cache: AccessCache) {}

  onModuleInit(): void {
    this.cache.onEnded((change) => {
      this.endThose((actor) =>
        change.kind === 'user' ? actor.userId === change.userId : actor.keyId === change.keyId,
      );
    });
  }

  beforeApplicationShutdown(): void {
    this.endThose(() => true);
  }

  /** @throws CodedError `too_many_in_flight` */
  begin(reply: FastifyReply, actor: Actor): SseFeed {
    const own = [...this.open.values()].filter(({ userId }) => userId === actor.userId).length;
    if (this.open.size >= MAX_FEEDS || own >= MAX_FEEDS_OF_A_USER)
      throw new CodedError('too_many_in_flight', 'Too many event streams are open. Close one, or try again later.');
    const feed = new SseFeed(reply);
    this.open.set(feed, actor);
    feed.onClose(() => this.open.delete(feed));
    return feed;
  }

  private endThose(which: (actor: Actor) => boolean): void {
    for (const [feed, actor] of [...this.open]) if (which(actor)) feed.end();
  }
}
