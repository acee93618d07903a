import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import { Logger } from 'nestjs-pino';
import { throwError, type Observable } from 'rxjs';

/** Renders what a command handler threw, so that the caller can throw the same coded error again. */
@Catch()
export class RpcErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    if (error instanceof CodedError) return throwError(() => error.toWire());
    this.logger.error({
      msg: 'a command of another service failed for a reason that nobody foresaw; its caller was told internal_error',
      err: error,
    });
    return throwError(() =>
      new CodedError('internal_error', 'The service failed at this command; its log says why.').toWire(),
    );
  }
}
