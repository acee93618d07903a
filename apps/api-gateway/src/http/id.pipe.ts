import { Injectable, type PipeTransform } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import { isUUID } from 'class-validator';

/** An id in a path. What is no id is nobody's: 404, as for an id that does not exist. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(value: string): string {
    if (!isUUID(value)) throw new CodedError('not_found', 'There is nothing with this id.');
    return value.toLowerCase();
  }
}
