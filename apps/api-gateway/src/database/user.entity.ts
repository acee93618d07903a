import type { Role } from '#contracts/access';
import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn, UpdateDateColumn } from 'typeorm';

/** Somebody who may sign in. */
@Entity({ name: 'users' })
export class User {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  /** Lower case; unique. */
  @Column({ type: 'text' })
  email!: string;

  /** argon2id, PHC string. */
  @Column({ type: 'text', name: 'password_hash', select: false })
  passwordHash!: string;

  @Column({ type: 'text' })
  role!: Role;

  @Column({ type: 'boolean', default: false })
  disabled!: boolean;

  /** Stands in every access token as `ver`; raising it ends all of them at once. */
  @Column({ type: 'integer', name: 'token_version', default: 0 })
  tokenVersion!: number;

  @Column({ type: 'text', nullable: true })
  language!: string | null;

  @Column({ type: 'text', name: 'default_model', nullable: true })
  defaultModel!: string | null;

  @Column({ type: 'text', name: 'default_system_prompt', nullable: true })
  defaultSystemPrompt!: string | null;

  /** Milliseconds, not Postgres's microseconds: the cursor of a list carries it through a JavaScript Date. */
  @CreateDateColumn({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;
}
