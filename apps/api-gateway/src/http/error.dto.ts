import { ApiProperty } from '@nestjs/swagger';
import { ERRORS } from '#contracts/errors';

/** OpenAI's error object, for the API document. */
export class ErrorObjectDto {
  @ApiProperty({ example: 'Incorrect API key provided: sk-...wxyz.' })
  message!: string;

  @ApiProperty({ example: 'invalid_request_error' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'The field of the request that is wrong.' })
  param!: string | null;

  @ApiProperty({ enum: Object.keys(ERRORS), enumName: 'ErrorCode' })
  code!: string;
}

/** The one body of every error. */
export class ErrorResponseDto {
  @ApiProperty({ type: ErrorObjectDto })
  error!: ErrorObjectDto;
}
