import { STATUS_CODES, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CodedError } from '#contracts/errors';
import { requestId } from './request-id';
import { countRefusal } from './refusals';

/** What node's HTTP parser could not read, before there is a request: node's code -> our error. */
function errorOf(code: string | undefined): CodedError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new CodedError('headers_too_large', 'The headers of this request are larger than 16 KiB.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new CodedError('request_timeout', 'The request did not arrive in time.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new CodedError('request_too_large', 'The chunk extensions of this request are too large.');
    default:
      return new CodedError('invalid_value', 'This is not a valid HTTP request.');
  }
}

/** Fastify's `clientErrorHandler`: answers with the standard body on the bare socket, and closes it. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  // As node's own handler tells it (lib/_http_server.js): an answer is under way, and more bytes would corrupt it.
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: ServerResponse | null };
  if (!socket.writable || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  refuse(socket, errorOf(error.code));
}

/** Requests that node answers by itself, without a body of ours, unless somebody listens. */
export function answerOddRequests(server: Server): void {
  // RFC 9110, 10.1.1: an expectation that is not known may be ignored.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => refuse(socket, new CodedError('method_not_allowed', 'This is no proxy.')));
}

/** Writes an answer on the bare socket and closes it. */
function refuse(socket: Duplex, refused: CodedError): void {
  countRefusal(refused.code);
  const body = JSON.stringify({ error: refused.toBody() });
  socket.end(
    `HTTP/1.1 ${refused.status} ${STATUS_CODES[refused.status] ?? ''}\r\n` +
      `content-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      `x-request-id: ${requestId()}\r\n` +
      `x-content-type-options: nosniff\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
