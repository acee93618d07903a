import {
  Column,
  CreateDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
} from 'typeorm';
import { User } from './user.entity';

/** Postgres's bigint travels as text; budgets stay far below 2^53. */
const bigintAsNumber = {
  from: (value: string | null): number | null => (value === null ? null : Number(value)),
  to: (value: number | null): number | null => value,
};

/** A key of the API: the secret itself is never stored, only its SHA-256. */
@Entity({ name: 'api_keys' })
export class ApiKey {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'uuid', name: 'user_id' })
  userId!: string;

  @ManyToOne(() => User, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'user_id' })
  user?: User;

  @Column({ type: 'text' })
  name!: string;

  /** SHA-256 of the whole key, hexadecimal. A key has 256 random bits: a slow hash would add nothing. */
  @Column({ type: 'text', name: 'key_hash', select: false })
  keyHash!: string;

  /** What people recognise a key by: `sk-tandem-…wxyz`. */
  @Column({ type: 'text' })
  hint!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  /** Null: all models. */
  @Column({ type: 'text', array: true, name: 'allowed_models', nullable: true })
  allowedModels!: string[] | null;

  @Column({ type: 'integer', name: 'requests_per_minute', nullable: true })
  requestsPerMinute!: number | null;

  @Column({ type: 'integer', name: 'tokens_per_minute', nullable: true })
  tokensPerMinute!: number | null;

  @Column({ type: 'integer', name: 'concurrent_requests', nullable: true })
  concurrentRequests!: number | null;

  @Column({ type: 'bigint', name: 'monthly_tokens', nullable: true, transformer: bigintAsNumber })
  monthlyTokens!: number | null;

  /** How answers of the code assistant are cut into chunks; null: as the server is configured. */
  @Column({ type: 'integer', name: 'code_chunk_chars', nullable: true })
  codeChunkChars!: number | null;

  @Column({ type: 'integer', name: 'code_chunk_delay_ms', nullable: true })
  codeChunkDelayMs!: number | null;

  @CreateDateColumn({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', precision: 3, name: 'updated_at' })
  updatedAt!: Date;
}
