import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';

const DESCRIPTION = `Chat with the models of this server. \`/v1\` is OpenAI's API; \`/api\` is Tandem's own.

Send an API key as \`Authorization: Bearer sk-tandem-...\` or as \`X-API-Key\`, or sign in at \`/api/auth/login\` and send
the access token as \`Authorization: Bearer\`. Every answer has an \`x-request-id\`; every error the same body.`;

type PathItem = OpenAPIObject['paths'][string];
type Operation = NonNullable<PathItem['get']>;

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

/** The OpenAPI document of the gateway, made from its routes. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const settings = new DocumentBuilder()
    .setTitle('Tandem')
    .setDescription(DESCRIPTION)
    .setVersion('1')
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key, or an access token.' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key.' }, 'apiKey')
    .build();
  const document = SwaggerModule.createDocument(app, settings, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  document.paths = Object.fromEntries(Object.entries(document.paths).map(nameWildcard));
  for (const operation of operationsOf(document))
    // Limits, malformed requests and failures are the same everywhere.
    operation.responses['default'] ??= {
      description: 'Any other error.',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/ErrorResponseDto' } } },
    };
  return document;
}

function operationsOf(document: OpenAPIObject): Operation[] {
  return Object.values(document.paths)
    .flatMap((path) => METHODS.map((method) => path[method]))
    .filter((operation) => operation !== undefined);
}

/** OpenAPI has no wildcard: `/v1/models/*` is written with the name that its route documents for the rest of the path. */
function nameWildcard([url, path]: [string, PathItem]): [string, PathItem] {
  const parameters = path.get?.parameters?.filter((parameter) => 'name' in parameter) ?? [];
  const rest = parameters.find(({ name }) => name === '*');
  const named = parameters.find(
    ({ name, in: place }) => place === 'path' && !url.includes(`{${name}}`) && name !== '*',
  );
  if (path.get === undefined || rest === undefined || named === undefined) return [url, path];
  path.get.parameters = parameters.filter((parameter) => parameter !== rest);
  return [url.replace('{path}', `{${named.name}}`), path];
}

/** As the repository holds it. */
export function printDocument(document: OpenAPIObject): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
