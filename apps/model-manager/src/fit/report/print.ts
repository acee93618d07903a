import { join } from 'node:path';
import { ModelFacts } from '../../profiles/model-facts';
import { ProfileStore } from '../../profiles/profile-store';
import { checkProfile, type FitContext } from '../check-profile';
import { compareBoots } from '../testing/boots';
import { reportLines } from './fit-report';

/** `npm run fit:report`: what the fit check says of every real boot in the files, beside what was seen; and its speed. */
const root = process.cwd();
const boots = compareBoots(join(root, 'apps/model-manager/src/fit/testing'), join(root, 'models'));
for (const line of reportLines(boots)) console.log(line);
console.log(speedLine());

/** All profiles on an idle host and, what costs more, on one where none fits and changes have to be found. */
function speedLine(): string {
  const quiet = { log: () => undefined, warn: () => undefined };
  const profiles = new ProfileStore(join(root, 'profiles'), quiet).list();
  const facts = new ModelFacts(join(root, 'models'));
  const context = (totalMib: number): FitContext => ({
    hardware: {
      gpus: [0, 1].map((index) => ({
        index,
        uuid: null,
        name: 'NVIDIA GeForce RTX 3090',
        totalMib,
        freeMib: null,
        computeCapability: null,
      })),
    },
    lookup: (id) => facts.find(id),
    siblings: (id) => facts.siblings(id),
    measured: () => null,
  });
  const [idle, small] = [context(24_576), context(8_192)].map((host) => {
    const began = performance.now();
    for (const profile of profiles) checkProfile(profile, host);
    return (performance.now() - began).toFixed(1);
  });
  return `speed:    ${profiles.length} profiles in ${idle} ms on 2x RTX 3090 (bar: 50 ms); ${small} ms where none fits and changes are searched`;
}
