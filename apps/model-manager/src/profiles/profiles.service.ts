import { CodedError } from '#contracts/errors';
import type { FitAnswer, FitQuestion, ProfileList, ProfileView } from '#contracts/profiles';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { checkProfile, type Calibrated } from '../fit/check-profile';
import type { FitGpu, FitHardware, ModelKnowledge } from '../fit/fit-model';
import { describeFallback } from './fallback';
import { readQuestion } from './fit-question';
import type { ModelFacts } from './model-facts';
import type { EngineSettings, Profile } from './profile';
import type { ProfileStore } from './profile-store';

/** What this host has for a profile: with what our own engines hold counted as free, for a switch ends them first. */
export type HostGpus = () => readonly FitGpu[];

/** An earlier boot of an engine of a profile on this host; null when there is none. */
export type MeasuredBoots = (profile: string, engine: EngineSettings, index: number) => Calibrated | null;

/** The profiles, and whether they fit. */
@Injectable()
export class ProfilesService implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly store: ProfileStore,
    private readonly facts: ModelFacts,
    private readonly hostGpus: HostGpus,
    private readonly measured: MeasuredBoots,
    /** The profile in force, as the environment shaped it; null when an engine elsewhere serves. */
    private readonly active: () => Profile | null,
    /** The default profile as the environment shapes it; null when an engine elsewhere serves. */
    private readonly shaped: () => Profile | null,
  ) {}

  onApplicationBootstrap(): void {
    this.store.begin();
  }

  onModuleDestroy(): void {
    this.store.end();
  }

  list(): ProfileList {
    const hardware = this.host();
    const items = this.profiles().map((profile) => this.view(profile, hardware));
    return { items, nextCursor: null, refused: this.store.refused() };
  }

  /** @throws CodedError `not_found` */
  get(name: string): ProfileView {
    return this.view(this.find(name), this.host());
  }

  /** @throws CodedError `invalid_value`, `not_found` */
  check(question: FitQuestion): FitAnswer {
    const asked = readQuestion(question);
    const profile = asked.profile.kind === 'named' ? this.find(asked.profile.name) : asked.profile.profile;
    const whatIf = asked.hardware !== null || asked.model !== null || asked.checkpointBytes !== null;
    return checkProfile(profile, {
      hardware: asked.hardware ?? this.host(),
      lookup: (id) => asked.model ?? resized(this.facts.find(id), asked.checkpointBytes),
      siblings: (id) => (asked.model === null ? this.facts.siblings(id) : []),
      measured: (engine, index) => (whatIf ? null : this.measured(profile.name, engine, index)),
    });
  }

  /** As its file says it now, also for the one in force: to switch to it again takes a change of the file in. */
  toSwitchTo(name: string): Profile {
    const shaped = this.shaped();
    return shaped?.name === name ? shaped : (this.store.get(name) ?? this.find(name));
  }

  /** On this host as it is now. */
  fitOf(profile: Profile): FitAnswer {
    return this.view(profile, this.host()).fit;
  }

  /** With the one in force as it runs, whatever its file says. */
  profiles(): Profile[] {
    const byName = new Map(this.store.list().map((profile) => [profile.name, profile]));
    for (const own of [this.shaped(), this.active()]) if (own !== null) byName.set(own.name, own);
    return [...byName.values()].sort((one, other) => one.name.localeCompare(other.name));
  }

  private find(name: string): Profile {
    const found = this.profiles().find((profile) => profile.name === name);
    if (found !== undefined) return found;
    throw new CodedError('not_found', `There is no profile '${name.slice(0, 100)}'.`, { param: 'profile' });
  }

  private host(): FitHardware {
    return { gpus: this.hostGpus() };
  }

  private view(profile: Profile, hardware: FitHardware): ProfileView {
    return {
      name: profile.name,
      title: profile.title ?? profile.name,
      description: profile.description ?? '',
      aliases: profile.aliases,
      defaults: profile.defaults,
      fallbacks: profile.fallbacks.map(describeFallback),
      engines: profile.engines,
      active: profile.name === this.active()?.name,
      fit: checkProfile(profile, {
        hardware,
        lookup: (id) => this.facts.find(id),
        siblings: (id) => this.facts.siblings(id),
        measured: (engine, index) => this.measured(profile.name, engine, index),
      }),
    };
  }
}

function resized(knowledge: ModelKnowledge, checkpointBytes: number | null): ModelKnowledge {
  if (knowledge.kind === 'unknown' || checkpointBytes === null) return knowledge;
  return { kind: 'known', shape: { ...knowledge.shape, checkpointBytes } };
}
