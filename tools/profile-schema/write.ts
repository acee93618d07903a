import { writeFileSync } from 'node:fs';
import { profileSchemaText } from './profile-schema';

writeFileSync('profiles/profile.schema.json', profileSchemaText());
