import type { SendOptions } from '@fastify/static';
import { Controller, Get, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { CodedError } from '#contracts/errors';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.decorators';

/** Files of ours and nothing else: no inline script or style, no foreign image that would tell who read an answer. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " +
  "connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** The pages that the UI's own router knows (interfaces.md). */
const PAGES = [
  '/',
  '/c/:conversationId',
  '/models',
  '/models/:section',
  '/models/profiles/:name',
  '/usage',
  '/keys',
  '/users',
  '/settings',
  '/settings/hints',
];

/** What the page names besides its built files. */
const FILES = [
  'icon.svg',
  'icon-192.png',
  'icon-512.png',
  'icon-maskable-512.png',
  'apple-touch-icon.png',
  'manifest.webmanifest',
];

const YEAR = '365d';
/** What Vite calls its files. */
const BUILT_FILE = /^[\w.-]+$/;

/** The built web UI. Its pages are all one file; whatever is not the UI's stays a JSON error of the API. */
@ApiExcludeController()
@Controller()
@Public()
@SkipThrottle()
export class WebController {
  @Get(PAGES)
  page(@Res() reply: FastifyReply): void {
    // Asked for anew each time: it names the files of the newest build.
    void reply.headers({ 'content-security-policy': PAGE_POLICY, 'cache-control': 'no-cache' });
    send(reply, 'index.html', { cacheControl: false });
  }

  /** The name of a built file changes with its content. */
  @Get('assets/:file')
  asset(@Param('file') file: string, @Res() reply: FastifyReply): void {
    if (!BUILT_FILE.test(file)) throw new CodedError('not_found', 'There is no such file.');
    send(reply, `assets/${file}`, { maxAge: YEAR, immutable: true });
  }

  @Get(FILES)
  file(@Res() reply: FastifyReply): void {
    send(reply, reply.request.url.split('?', 1)[0]?.slice(1) ?? '', { maxAge: '1d' });
  }
}

function send(reply: FastifyReply, file: string, options: SendOptions): void {
  if (typeof reply.sendFile !== 'function')
    throw new CodedError('not_found', 'The web UI is not built here. Run `npm run build`.');
  void reply.sendFile(file, options);
}
