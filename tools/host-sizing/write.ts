import { writeFileSync } from 'node:fs';
import { hostSizingText } from './host-sizing';

writeFileSync('docs/host-sizing.md', hostSizingText());
