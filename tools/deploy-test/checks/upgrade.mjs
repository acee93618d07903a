import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildVersion, migrationsOf, versionBefore } from '../older-version.mjs';

/** What a user and a finance person do with one version, on what the versions before it have left. */
class Use {
  constructor(system, eventually) {
    this.system = system;
    this.eventually = eventually;
  }

  async ask(path, body) {
    const headers = { authorization: `Bearer ${this.system.apiKey}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`${this.system.url}${path}`, { headers, ...sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${text.slice(0, 500)}`);
    return text;
  }

  /** A streamed chat of the API, one in a new conversation, and one in each conversation that is there. */
  async chats(title) {
    const message = { role: 'user', content: `Hello from ${title}` };
    const answer = await this.ask('/v1/chat/completions', {
      model: 'default',
      stream: true,
      max_tokens: 8,
      messages: [message],
    });
    expect('a chat streams to its end', answer.trimEnd().endsWith('data: [DONE]'), answer);
    const requests = [requestOf(answer)];
    await this.ask('/api/conversations', { title });
    const { items } = JSON.parse(await this.ask('/api/conversations'));
    for (const { id } of items) {
      const said = await this.ask('/api/chat', { conversationId: id, content: `More from ${title}`, max_tokens: 8 });
      expect('a chat in a conversation ends well', said.trimEnd().endsWith('data: [DONE]'), said);
      requests.push(requestOf(said));
      const kept = await this.ask(`/api/conversations/${id}/export`);
      expect('the conversation has what was just said', kept.includes(`More from ${title}`), kept);
    }
    return { titles: items.map((item) => item.title), requests };
  }

  /** Each request is in the ledger, finished, and in the export. */
  async ledgerHolds(requests) {
    await this.eventually(
      async () => {
        const rows = (await this.ask('/api/usage/export.csv')).split('\r\n').filter((row) => row.includes('completed'));
        return requests.every((id) => rows.some((row) => row.includes(id)));
      },
      { timeoutMs: 60_000 },
    );
  }
}

/** The request's id, by which the ledger knows it. */
function requestOf(answer) {
  return /req_[0-9a-f]+/.exec(answer)[0];
}

/** Upgrade, rollback on the newer tables, and upgrade again, with the same data. */
async function upgradeAndRollback(root) {
  const commit = versionBefore(root);
  if (commit === null) return { notRun: 'the version before is not in this clone (git fetch --unshallow)' };
  const use = createRequire(import.meta.url);
  const testing = (name) => use(join(root, 'dist/libs/testing/src', name));
  const older = await buildVersion(root, commit);
  console.log(`         from ${commit.slice(0, 7)}, ${older.migrations} migrations, to ${migrationsOf(root).length}`);
  const servers = {
    nats: await testing('nats.js').startNats({ jetstream: true }),
    postgres: await testing('postgres.js').startPostgres(),
  };
  try {
    const titles = [];
    const requests = [];
    for (const [title, build] of [
      ['the older version', older.dist],
      ['the newer version', undefined],
      ['the older version on the newer tables', older.dist],
      ['the newer version again', undefined],
    ]) {
      const system = await testing('system.js').startSystem({ servers, build });
      try {
        const person = new Use(system, testing('eventually.js').eventually);
        const seen = await person.chats(title);
        titles.push(title);
        requests.push(...seen.requests);
        expect(
          `${title} has the conversations of all before`,
          seen.titles.sort().join() === [...titles].sort().join(),
          seen.titles,
        );
        await person.ledgerHolds(requests);
      } catch (error) {
        const logs = Object.keys(system.services).map((name) => `${name}: ${system.log(name).slice(-800)}`);
        throw new Error(`with ${title}: ${error.message}\n${logs.join('\n')}`);
      } finally {
        await system.stop();
      }
    }
  } finally {
    await Promise.all([servers.nats.stop(), servers.postgres.stop()]);
    older.remove();
  }
}

function expect(what, isSo, seen) {
  if (!isSo) throw new Error(`${what} does not hold: ${String(seen).slice(-1_000)}`);
}

export const checks = [
  {
    name: 'upgrade: the version before runs on the tables of this one, and its data come and go with it',
    needs: ['git', 'tar'],
    run: upgradeAndRollback,
  },
];
