import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import 'reflect-metadata';
import { previewGateway } from './preview-gateway';
import { openApiDocument, printDocument } from './openapi-document';

/** `npm run openapi`: writes docs/openapi.json. */
async function main(): Promise<void> {
  const app = await previewGateway();
  writeFileSync(resolve('docs/openapi.json'), printDocument(openApiDocument(app)));
  await app.close();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
