import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../http/fields';
import { UserDto } from '../users/user.dto';

export class LoginDto {
  @Text({ max: 320, example: 'admin@tandem.local' })
  email!: string;

  @Text({ max: 256, example: 'correct horse battery staple' })
  password!: string;
}

export class SessionDto {
  @ApiProperty({ description: 'A JWT: send it as `Authorization: Bearer`.' })
  accessToken!: string;

  @ApiProperty({ type: 'integer', example: 900, description: 'Seconds until the access token ends.' })
  expiresIn!: number;

  @ApiProperty({ type: UserDto })
  user!: UserDto;
}
