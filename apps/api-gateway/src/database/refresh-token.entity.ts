import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * A refresh token, by its SHA-256. All that descend from one login share a family. A used one stays until it expires:
 * to be shown again is how a stolen one is noticed.
 */
@Entity({ name: 'refresh_tokens' })
export class RefreshToken {
  @PrimaryColumn({ type: 'text', name: 'token_hash' })
  tokenHash!: string;

  @Column({ type: 'uuid', name: 'family_id' })
  familyId!: string;

  @Column({ type: 'uuid', name: 'user_id' })
  userId!: string;

  @Column({ type: 'timestamptz', precision: 3, name: 'expires_at' })
  expiresAt!: Date;

  @Column({ type: 'timestamptz', precision: 3, name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
