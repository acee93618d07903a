import { z } from 'zod';
import { editorSchema } from '../../apps/model-manager/src/profiles/profile';

/** The text of `profiles/profile.schema.json`: what editors complete and check profiles with. */
export function profileSchemaText(): string {
  const schema = z.toJSONSchema(editorSchema, { io: 'input' });
  const titled = { ...schema, title: 'A model profile of Tandem', description: 'Written by "npm run profile-schema".' };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
