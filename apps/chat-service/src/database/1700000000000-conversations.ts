import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Conversations, their messages, what is searched, system prompts. */
export class Conversations1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Counts what an owner has written: gives every message and conversation its place in the order of that owner.
    await runner.query(`
      CREATE TABLE chat.owners (
        owner_id   uuid PRIMARY KEY,
        last_place bigint NOT NULL
      )`);
    // owner_id null: of the admins, for everybody.
    await runner.query(`
      CREATE TABLE chat.prompts (
        id         uuid PRIMARY KEY,
        owner_id   uuid,
        name       text NOT NULL,
        text       text NOT NULL,
        is_default boolean NOT NULL DEFAULT false,
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX prompts_created ON chat.prompts (owner_id, created_at, id)');
    await runner.query(
      'CREATE UNIQUE INDEX prompts_default ON chat.prompts (owner_id) NULLS NOT DISTINCT WHERE is_default',
    );
    await runner.query(`
      CREATE TABLE chat.conversations (
        id             uuid PRIMARY KEY,
        owner_id       uuid NOT NULL,
        place          bigint NOT NULL,
        title          text,
        title_folded   text,
        title_source   text NOT NULL DEFAULT 'none' CHECK (title_source IN ('none', 'first_words', 'model', 'user')),
        system_prompt  text,
        prompt_id      uuid REFERENCES chat.prompts (id) ON DELETE SET NULL,
        active_leaf_id uuid,
        created_at     timestamptz(3) NOT NULL DEFAULT now(),
        updated_at     timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE UNIQUE INDEX conversations_recent ON chat.conversations (owner_id, place)');
    await runner.query('CREATE INDEX conversations_updated ON chat.conversations (updated_at)');
    await runner.query(
      'CREATE INDEX conversations_prompt ON chat.conversations (prompt_id) WHERE prompt_id IS NOT NULL',
    );
    // No foreign key on parent_id: a tree is removed as a whole, and its triggers would run row by row down the tree.
    await runner.query(`
      CREATE TABLE chat.messages (
        id               uuid PRIMARY KEY,
        conversation_id  uuid NOT NULL REFERENCES chat.conversations (id) ON DELETE CASCADE,
        owner_id         uuid NOT NULL,
        place            bigint NOT NULL,
        parent_id        uuid,
        depth            integer NOT NULL,
        role             text NOT NULL CHECK (role IN ('user', 'assistant')),
        content          text NOT NULL,
        reasoning        text,
        state            text NOT NULL DEFAULT 'complete' CHECK (state IN ('complete', 'generating')),
        searchable       boolean NOT NULL DEFAULT false,
        writer           text,
        request_id       text,
        model            text,
        outcome          text,
        stop_reason      text,
        error_code       text,
        prompt_source    text,
        prompt_id        uuid,
        prompt_name      text,
        prompt_text      text,
        dropped_messages integer NOT NULL DEFAULT 0,
        input_tokens     bigint,
        output_tokens    bigint,
        ttft_ms          real,
        latency_ms       real,
        created_at       timestamptz(3) NOT NULL DEFAULT now(),
        ended_at         timestamptz(3)
      )`);
    await runner.query('CREATE UNIQUE INDEX messages_place ON chat.messages (conversation_id, place)');
    await runner.query('CREATE INDEX messages_parent ON chat.messages (parent_id, place) WHERE parent_id IS NOT NULL');
    await runner.query("CREATE INDEX messages_generating ON chat.messages (writer) WHERE state = 'generating'");
    await runner.query(
      "CREATE INDEX messages_unsearchable ON chat.messages (created_at) WHERE NOT searchable AND state = 'complete'",
    );
    // Who writes answers, and when it was last alive by this database's clock.
    await runner.query('CREATE TABLE chat.writers (writer text PRIMARY KEY, seen_at timestamptz NOT NULL)');
    await runner.query(`
      CREATE TABLE chat.search_documents (
        message_id      uuid PRIMARY KEY REFERENCES chat.messages (id) ON DELETE CASCADE,
        conversation_id uuid NOT NULL,
        owner_id        uuid NOT NULL,
        place           bigint NOT NULL,
        folded          text NOT NULL,
        terms           integer[] NOT NULL
      )`);
    await runner.query('CREATE INDEX search_documents_conversation ON chat.search_documents (conversation_id, place)');
    // Without fastupdate: a list of pending entries would have to be read by every search.
    await runner.query(
      'CREATE INDEX search_documents_terms ON chat.search_documents USING gin (terms) WITH (fastupdate = off)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE chat.search_documents, chat.writers, chat.messages, chat.conversations, chat.prompts, chat.owners',
    );
  }
}
