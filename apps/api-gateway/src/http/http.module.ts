import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { HttpErrorFilter } from './http-error.filter';
import { refusals } from './refusals';
import { RouteMethods } from './route-methods';
import { StrictValidationPipe } from './validation.pipe';

/** How errors look and how bodies are checked, for all routes. */
@Global()
@Module({})
export class HttpModule {
  static forRoot(routeMethods: RouteMethods): DynamicModule {
    refusals();
    return {
      module: HttpModule,
      providers: [
        { provide: RouteMethods, useValue: routeMethods },
        { provide: APP_FILTER, useClass: HttpErrorFilter },
        { provide: APP_PIPE, useClass: StrictValidationPipe },
      ],
    };
  }
}
