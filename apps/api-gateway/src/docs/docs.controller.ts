import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController, type OpenAPIObject } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { CodedError } from '#contracts/errors';
import type { FastifyReply } from 'fastify';
import { AdminUnless } from '../auth/access.decorators';
import { swaggerAudience } from '../config';
import { ApiDocument } from './api-document';
import { CONSOLE_PAGE, CONSOLE_SCRIPT } from './console-page';

/** Styles are set inline by Swagger UI itself; scripts are files of ours, none inline. */
const CONSOLE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Files of swagger-ui-dist that the page asks for. */
const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const FOLDER = dirname(require.resolve('swagger-ui-dist/package.json'));

/** The API console. */
@ApiExcludeController()
@Controller('api/docs')
@AdminUnless((_request, config) => swaggerAudience(config) === 'public')
@SkipThrottle()
export class DocsController {
  constructor(private readonly document: ApiDocument) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @Header('content-security-policy', CONSOLE_POLICY)
  page(): string {
    return CONSOLE_PAGE;
  }

  @Get('openapi.json')
  openApi(): OpenAPIObject {
    return this.document.get();
  }

  @Get('console.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  script(): string {
    return CONSOLE_SCRIPT;
  }

  @Get(':file')
  async asset(@Param('file') file: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<Buffer> {
    const type = Object.hasOwn(ASSETS, file) ? ASSETS[file] : undefined;
    if (type === undefined) throw new CodedError('not_found', 'There is no such file.');
    void reply.headers({ 'content-type': type, 'cache-control': 'private, max-age=86400' });
    return readFile(join(FOLDER, file));
  }
}
