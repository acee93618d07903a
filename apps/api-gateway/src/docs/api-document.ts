import { Injectable, type INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { openApiDocument } from './openapi-document';

/** The OpenAPI document of the running gateway: made when it is first asked for, and kept. */
@Injectable()
export class ApiDocument {
  private app: INestApplication | null = null;
  private made: OpenAPIObject | null = null;

  /** Called once, when there is an application. */
  describes(app: INestApplication): void {
    this.app = app;
  }

  get(): OpenAPIObject {
    if (this.app === null) throw new Error('the API document was asked for before there was an application');
    this.made ??= openApiDocument(this.app);
    return this.made;
  }
}
