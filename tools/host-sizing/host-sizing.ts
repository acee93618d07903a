import { join } from 'node:path';
import { projectRoot } from '#common/project-root';
import type { FitAnswer } from '#contracts/profiles';
import { checkProfile } from '../../apps/model-manager/src/fit/check-profile';
import { ModelFacts } from '../../apps/model-manager/src/profiles/model-facts';
import type { Profile } from '../../apps/model-manager/src/profiles/profile';
import { ProfileStore } from '../../apps/model-manager/src/profiles/profile-store';

/** Cards that people ask about, with nvidia-smi's total; the fit check knows what CUDA leaves of it. */
const CARDS = [
  { name: 'NVIDIA GeForce RTX 3090', short: 'RTX 3090', totalMib: 24_576 },
  { name: 'NVIDIA A10G', short: 'A10G', totalMib: 23_028 },
  { name: 'Tesla T4', short: 'T4', totalMib: 15_360 },
  { name: 'Tesla V100-SXM2-16GB', short: 'V100 16 GB', totalMib: 16_384 },
  { name: 'NVIDIA L4', short: 'L4', totalMib: 23_034 },
  { name: 'NVIDIA L40S', short: 'L40S', totalMib: 46_068 },
] as const;

const HEAD = `# Which profile on which host

Written by \`npm run host-sizing\` from the fit check; do not edit. Each profile as it comes with Tandem, on cards on which nothing
else runs. A cell says how many requests of the profile's full context run at once and, behind it, the tokens of KV cache: the
lower end of what the check expects. _tight_: it starts, with little to spare. _no_: it does not start as it stands;
\`POST /api/profiles/check\` says why and which change would help.
`;

/** The page \`docs/host-sizing.md\`. Its tables are lined up by Prettier. */
export function hostSizingText(): string {
  const root = projectRoot(__dirname);
  const quiet = { log: () => undefined, warn: () => undefined };
  const profiles = new ProfileStore(join(root, 'profiles'), quiet).list();
  const facts = new ModelFacts(join(root, 'models'));
  const table = (cards: number): string => {
    const rows = profiles.map((shipped) => {
      const profile = cards === 1 ? onOneCard(shipped) : shipped;
      const cells = CARDS.map(({ name, totalMib }) => {
        const gpus = Array.from({ length: cards }, (_, index) => ({
          index,
          uuid: null,
          name,
          totalMib,
          freeMib: null,
          computeCapability: null,
        }));
        const answer = checkProfile(profile, {
          hardware: { gpus },
          lookup: (id) => facts.find(id),
          siblings: (id) => facts.siblings(id),
          measured: () => null,
        });
        return cell(answer);
      });
      return `| \`${profile.name}\` | ${cells.join(' | ')} |`;
    });
    const head = `| profile | ${CARDS.map(({ short }) => short).join(' | ')} |\n|${' --- |'.repeat(CARDS.length + 1)}`;
    return [head, ...rows].join('\n');
  };
  return `${HEAD}\n## One card\n\nThe profile's first engine alone, with \`tensorParallelSize: 1\` and \`gpus: [0]\`.\n\n${table(1)}\n\n## Two cards\n\nThe profile as it is.\n\n${table(2)}\n`;
}

/** Its first engine alone, with all of the model on one card. */
function onOneCard(profile: Profile): Profile {
  const first = profile.engines
    .slice(0, 1)
    .map((engine) => Object.assign({}, engine, { tensorParallelSize: 1, gpus: [0] }));
  return { ...profile, engines: first };
}

function cell({ verdict, maxConcurrency, kvCacheTokens, maxModelLen }: FitAnswer): string {
  if (verdict === 'no') return 'no';
  const context = `${Math.round(maxModelLen / 1_024)}k`;
  const figures = `${maxConcurrency[0].toFixed(1)} × ${context} (${Math.round(kvCacheTokens[0] / 1_000)}k)`;
  return verdict === 'tight' ? `_tight_ ${figures}` : figures;
}
