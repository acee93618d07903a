import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsBoolean, IsEmail, IsIn, Matches } from 'class-validator';
import type { Role } from '#contracts/access';
import type { User } from '../database/user.entity';
import { documented, Presence, Text } from '../http/fields';

const ROLES = ['user', 'admin'] as const satisfies readonly Role[];

/** ASCII only: Postgres and JavaScript must agree on what its lower case is. */
const Email = (optional: boolean): PropertyDecorator =>
  applyDecorators(
    Presence({ optional }),
    Matches(/^[\x21-\x7e]+$/, { message: 'it must be an e-mail address in ASCII' }),
    IsEmail({ require_tld: false }, { message: 'it must be an e-mail address' }),
    documented({ optional, example: 'kim@example.org' }, { type: String, format: 'email' }),
  );

const Password = (optional: boolean): PropertyDecorator =>
  Text({ optional, min: 8, max: 256, example: 'correct horse battery staple' });

const RoleField = (optional: boolean): PropertyDecorator =>
  applyDecorators(
    Presence({ optional }),
    IsIn(ROLES, { message: 'it must be user or admin' }),
    documented({ optional }, { enum: ROLES, enumName: 'Role' }),
  );

const Disabled = (): PropertyDecorator =>
  applyDecorators(
    Presence({ optional: true }),
    IsBoolean({ message: 'it must be true or false' }),
    documented({ optional: true, description: 'Ends sessions and keys within a second.' }, { type: Boolean }),
  );

export class CreateUserDto {
  @Email(false)
  email!: string;

  @Password(false)
  password!: string;

  @RoleField(true)
  role?: Role;

  @Disabled()
  disabled?: boolean;
}

export class UpdateUserDto {
  @Email(true)
  email?: string;

  @Password(true)
  password?: string;

  @RoleField(true)
  role?: Role;

  @Disabled()
  disabled?: boolean;
}

export class UserDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'email' })
  email!: string;

  @ApiProperty({ enum: ROLES, enumName: 'Role' })
  role!: Role;

  @ApiProperty()
  disabled!: boolean;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}

export function toUserDto({ id, email, role, disabled, createdAt, updatedAt }: User): UserDto {
  return { id, email, role, disabled, createdAt, updatedAt };
}
