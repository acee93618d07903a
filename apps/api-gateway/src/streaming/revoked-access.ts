import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AccessChanged, Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { AccessCache } from '../auth/access-cache';
import { StreamHub } from './stream-hub';

/** A disabled user or a deleted key is stopped within a second: the answers that are being streamed to them too. */
@Injectable()
export class RevokedAccess implements OnModuleInit {
  constructor(
    private readonly cache: AccessCache,
    private readonly hub: StreamHub,
  ) {}

  onModuleInit(): void {
    this.cache.onEnded((change) => this.hub.revoke((actor) => concerns(change, actor), revoked(change)));
  }
}

function concerns(change: AccessChanged, actor: Actor): boolean {
  return change.kind === 'user' ? actor.userId === change.userId : actor.keyId === change.keyId;
}

function revoked(change: AccessChanged): CodedError {
  const what = change.kind === 'user' ? 'The account' : 'The API key';
  return new CodedError('access_revoked', `${what} of this request was ${change.ended ?? 'changed'} while it ran.`);
}
