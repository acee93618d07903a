import { join } from 'node:path';
import { compareBoots } from '../testing/boots';
import { reportLines } from './fit-report';

/** `npm run fit:report`: what the fit check says of every real boot in the files, beside what was seen. */
const root = process.cwd();
const boots = compareBoots(join(root, 'apps/model-manager/src/fit/testing'), join(root, 'models'));
for (const line of reportLines(boots)) console.log(line);
