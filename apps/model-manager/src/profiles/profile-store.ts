import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { RefusedProfile } from '#contracts/profiles';
import type { Logger } from 'nestjs-pino';
import type { Profile } from './profile';
import { readProfile } from './read-profile';

/**
 * How often the folder is looked at. Looking costs one `stat` a file; being told by the kernel does not work on every
 * file system that profiles are mounted from (network folders, config maps).
 */
const LOOK_EVERY_MS = 1_000;
/** A profile is a page of text; anything near this is a mistake. */
const LARGEST_FILE = 256 * 1024;

interface KnownFile {
  stamp: string;
  digest: string;
  /** The newest good version. */
  profile: Profile | null;
  fault: RefusedProfile | null;
}

/**
 * The profiles of a folder, read again when a file changes. A broken file is refused with its line and the reason, and
 * what it said before stays in force; a file that is gone takes its profile with it.
 */
export class ProfileStore {
  private files = new Map<string, KnownFile>();
  private timer: NodeJS.Timeout | undefined;
  private folderFault: RefusedProfile | null = null;

  constructor(
    private readonly folder: string,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {
    this.look();
  }

  /** Looks at the folder from now on. */
  begin(): void {
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** By name. */
  list(): Profile[] {
    return [...this.files.values()]
      .flatMap(({ profile }) => (profile === null ? [] : [profile]))
      .sort((one, other) => one.name.localeCompare(other.name));
  }

  get(name: string): Profile | null {
    return this.files.get(`${name}.yaml`)?.profile ?? this.files.get(`${name}.yml`)?.profile ?? null;
  }

  refused(): RefusedProfile[] {
    const faults = [...this.files.values()].flatMap(({ fault }) => (fault === null ? [] : [fault]));
    return this.folderFault === null ? faults : [this.folderFault, ...faults];
  }

  /** Reads what changed since the last look. */
  look(): void {
    let names: string[];
    try {
      names = readdirSync(this.folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
      this.folderFault = null;
    } catch (error) {
      this.refuseFolder(error);
      return;
    }
    const before = this.files;
    this.files = new Map(names.sort().flatMap((name) => this.readFile(name, before.get(name))));
    for (const [name, { profile }] of before)
      if (profile !== null && !this.files.has(name)) this.logger.log({ msg: 'a profile is gone', file: name });
  }

  /** The folder itself is away: what was read from it stays in force. */
  private refuseFolder(error: unknown): void {
    const reason = `the folder cannot be read: ${messageOf(error)}`;
    if (this.folderFault === null)
      this.logger.warn({ msg: 'the folder of profiles cannot be read', folder: this.folder, reason });
    this.folderFault = { file: this.folder, line: null, reason, keptOld: this.files.size > 0 };
  }

  private readFile(name: string, before: KnownFile | undefined): [string, KnownFile][] {
    const path = join(this.folder, name);
    try {
      const { mtimeMs, size, ino } = statSync(path);
      const stamp = `${mtimeMs}:${size}:${ino}`;
      if (before?.stamp === stamp) return [[name, before]];
      if (size > LARGEST_FILE) throw new Error(`larger than ${LARGEST_FILE / 1024} KiB`);
      const text = readFileSync(path, 'utf8');
      const digest = createHash('sha256').update(text).digest('hex');
      if (before?.digest === digest) return [[name, { ...before, stamp }]];
      return [[name, this.take(name, text, { stamp, digest }, before)]];
    } catch (error) {
      // Written at this moment, or not to be read: looked at again, and told once.
      return [[name, this.faulty(name, { stamp: '', digest: '' }, before, { line: null, reason: messageOf(error) })]];
    }
  }

  private take(
    name: string,
    text: string,
    seen: Pick<KnownFile, 'stamp' | 'digest'>,
    before: KnownFile | undefined,
  ): KnownFile {
    const read = readProfile(name, text);
    if (read.kind === 'refused') return this.faulty(name, seen, before, read.fault);
    if (before !== undefined)
      this.logger.log({ msg: 'a profile was read again', file: name, profile: read.profile.name });
    return { ...seen, profile: read.profile, fault: null };
  }

  private faulty(
    name: string,
    seen: Pick<KnownFile, 'stamp' | 'digest'>,
    before: KnownFile | undefined,
    fault: { line: number | null; reason: string },
  ): KnownFile {
    const profile = before?.profile ?? null;
    const refused: RefusedProfile = { file: name, ...fault, keptOld: profile !== null };
    if (before?.fault?.reason !== fault.reason) this.logger.warn({ msg: 'a profile is refused', ...refused });
    return { ...seen, profile, fault: refused };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
