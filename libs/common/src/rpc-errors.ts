import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { CodedError, isWireError } from '#contracts/errors';
import { Logger } from 'nestjs-pino';
import { throwError, type Observable } from 'rxjs';

/** Renders what a command handler threw, so that the caller can throw the same coded error again. */
@Catch()
export class RpcErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    if (error instanceof CodedError) return throwError(() => error.toWire());
    this.logger.error({ msg: 'a command failed', err: error });
    return throwError(() =>
      new CodedError('internal_error', 'The service failed at this command; its log says why.').toWire(),
    );
  }
}

/** The caller's side: turns the answer of a failed command into the error that was thrown there. */
export function fromRpcError(error: unknown): CodedError {
  if (isWireError(error)) return CodedError.fromWire(error);
  return new CodedError('service_unavailable', 'A service of Tandem does not answer. Try again in a moment.', {
    cause: error,
  });
}
