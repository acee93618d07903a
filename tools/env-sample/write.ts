import { writeFileSync } from 'node:fs';
import { envSampleText } from './env-sample';

writeFileSync('.env.sample', envSampleText());
