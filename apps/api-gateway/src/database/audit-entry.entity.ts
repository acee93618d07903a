import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** What an admin did. It outlives the admin and what it was done to, so it refers to neither. */
@Entity({ name: 'audit' })
export class AuditEntry {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @CreateDateColumn({ type: 'timestamptz', precision: 3, name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'uuid', name: 'actor_id' })
  actorId!: string;

  @Column({ type: 'text', name: 'actor_email' })
  actorEmail!: string;

  /** Null: signed in with a password. */
  @Column({ type: 'uuid', name: 'actor_key_id', nullable: true })
  actorKeyId!: string | null;

  /** `user.created`, `key.deleted`, ... */
  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text', name: 'subject_kind' })
  subjectKind!: string;

  @Column({ type: 'text', name: 'subject_id' })
  subjectId!: string;

  /** What people call it: the e-mail, the key's name. */
  @Column({ type: 'text', name: 'subject_name' })
  subjectName!: string;

  /** What was set; never a secret. */
  @Column({ type: 'jsonb' })
  details!: Record<string, unknown>;
}
