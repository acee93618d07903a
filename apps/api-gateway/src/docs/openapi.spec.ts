import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import 'reflect-metadata';
import { openApiDocument, printDocument } from './openapi-document';
import { previewGateway } from './preview-gateway';

it('the committed OpenAPI document is the one that the routes make; after a change: npm run openapi', async () => {
  const app = await previewGateway();
  const made = printDocument(openApiDocument(app));
  await app.close();
  const committed = readFileSync(resolve(__dirname, '../../../../docs/openapi.json'), 'utf8');
  expect(made).toBe(committed);
});
