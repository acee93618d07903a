import { CodedError } from '#contracts/errors';
import type { Switch } from '#contracts/switching';
import type { Profile } from '../profiles/profile';
import { stepDown } from '../recovery/step-down';
import type { Exhausted } from '../recovery/stepping-engine';

/** What an operator hears when Tandem changes the profile by itself. */
export interface FallbackNews {
  /** Instead of what was said before. */
  onFallback(message: string): void;
  /** The profile in force is one that somebody chose. */
  onChosen(): void;
}

/** A change of the profile that nobody asked for. */
export interface Fallback {
  from: string;
  profile: Profile;
  reason: string;
}

/**
 * Which profile takes over when the one in force does not come up any more. Each is tried once until somebody chooses a
 * profile again, so that it never goes round in a circle.
 */
export class FallbackProfiles {
  private exhausted: Exhausted | null = null;
  /** Why the last change was made; unknown after a restart. */
  private reason = '';

  constructor(
    /** As its file says it now. @throws CodedError `not_found` */
    private readonly find: (name: string) => Profile,
    private readonly news: FallbackNews,
  ) {}

  note(exhausted: Exhausted): void {
    this.exhausted = exhausted;
  }

  /** A switch begins: what was said of its engines before is over. */
  forget(): void {
    this.exhausted = null;
  }

  /** @param tried those that are not tried again. Null: there is none, or nothing is wrong with the profile in force. */
  next(inForce: Profile, tried: readonly string[]): Fallback | null {
    const { exhausted } = this;
    if (exhausted?.profile !== inForce.name) return null;
    const refused = new Set([inForce.name, ...tried]);
    for (;;) {
      const step = stepDown(inForce, exhausted.trouble, refused);
      if (step?.kind !== 'profile') return null;
      refused.add(step.name);
      const profile = this.existing(step.name);
      if (profile !== null) return { from: inForce.name, profile, reason: exhausted.reason };
    }
  }

  begun({ from, profile, reason }: Fallback): void {
    this.reason = reason;
    this.news.onFallback(
      `${from} does not come up any more, so Tandem switches to its fallback ${profile.name}. ${reason}`,
    );
  }

  /** A switch has ended. */
  over({ requestedBy, from, to, outcome }: Switch): void {
    if (requestedBy !== null) {
      if (outcome === 'ready') this.news.onChosen();
      return;
    }
    const chosen = from ?? 'The profile before';
    this.news.onFallback(
      outcome === 'ready'
        ? `${to} is in force: ${chosen}, whose fallback it is, did not come up any more. Switch back when that is mended. ${this.reason}`
        : `${chosen} does not come up any more, and the switch to its fallback ${to} ended as ${outcome ?? 'nothing'}. ${this.reason}`,
    );
  }

  /** Somebody has chosen a profile, by the configuration. */
  chosen(): void {
    this.news.onChosen();
  }

  /** A name that no file has (any more) is as good as none. */
  private existing(name: string): Profile | null {
    try {
      return this.find(name);
    } catch (error) {
      if (error instanceof CodedError) return null;
      throw error;
    }
  }
}

/** Those that are not tried again after this change. */
export function triedWith(tried: readonly string[], from: string, to: string): string[] {
  return [...new Set([...tried, from, to])];
}
