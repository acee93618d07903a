import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users, API keys, refresh tokens. */
export class Access1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE gateway.users (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        email text NOT NULL CHECK (email = lower(email)),
        password_hash text NOT NULL,
        role text NOT NULL CHECK (role IN ('user', 'admin')),
        disabled boolean NOT NULL DEFAULT false,
        token_version integer NOT NULL DEFAULT 0,
        language text,
        default_model text,
        default_system_prompt text,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE UNIQUE INDEX users_email ON gateway.users (email)');
    await runner.query('CREATE INDEX users_created ON gateway.users (created_at, id)');
    await runner.query(`
      CREATE TABLE gateway.api_keys (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
        name text NOT NULL,
        key_hash text NOT NULL,
        hint text NOT NULL,
        expires_at timestamptz(3),
        allowed_models text[],
        requests_per_minute integer CHECK (requests_per_minute > 0),
        tokens_per_minute integer CHECK (tokens_per_minute > 0),
        concurrent_requests integer CHECK (concurrent_requests > 0),
        monthly_tokens bigint CHECK (monthly_tokens > 0),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE UNIQUE INDEX api_keys_hash ON gateway.api_keys (key_hash)');
    await runner.query('CREATE INDEX api_keys_created ON gateway.api_keys (created_at, id)');
    await runner.query('CREATE INDEX api_keys_owner ON gateway.api_keys (user_id, created_at, id)');
    await runner.query(`
      CREATE TABLE gateway.refresh_tokens (
        token_hash text PRIMARY KEY,
        family_id uuid NOT NULL,
        user_id uuid NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3)
      )`);
    await runner.query('CREATE INDEX refresh_tokens_family ON gateway.refresh_tokens (family_id)');
    await runner.query('CREATE INDEX refresh_tokens_user ON gateway.refresh_tokens (user_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.refresh_tokens, gateway.api_keys, gateway.users');
  }
}
