import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { createGzip } from 'node:zlib';
import { Client, type Connection } from 'pg';

/** What a message of a base backup begins with (PostgreSQL documentation, "Streaming Replication Protocol", BASE_BACKUP). */
const NEW_ARCHIVE = 0x6e; // n
const MANIFEST = 0x6d; // m
const DATA = 0x64; // d

/** Without a limit of its own, a checkpoint is made at once; WAL makes the copy one that can start by itself. */
const COMMAND = "BASE_BACKUP (LABEL 'tandem', CHECKPOINT 'fast', WAL true, MANIFEST 'yes')";

/** The files of a database's copy. */
export const DATABASE_FILES = { archive: 'database.tar.gz', manifest: 'backup_manifest' } as const;

/**
 * Copies a running Postgres, as pg_basebackup does, through its replication protocol: every file of it, in one state, with
 * the WAL that brings them there. An archive to be unpacked into an empty data folder, and the manifest that
 * pg_verifybackup reads.
 * @param url of a role that may replicate @param folder receives both files
 * @throws Error when Postgres refuses or the disk is full; tablespaces other than the default are not known here.
 */
export async function backUpDatabase(url: string, folder: string): Promise<void> {
  // `replication` is passed on to the server as it is; pg's types do not name it.
  const client = new Client({ connectionString: url, replication: 'true' } as never);
  await client.connect();
  const pack = createGzip({ level: 4 });
  const file = pack.pipe(createWriteStream(join(folder, DATABASE_FILES.archive), { mode: 0o600 }));
  const written = once(file, 'finish');
  const failed = Promise.race([once(pack, 'error'), once(file, 'error')]).then(([error]) =>
    Promise.reject(error as Error),
  );
  try {
    const copy = new BaseBackup((bytes, socket) => {
      // What one read brought comes to its end all the same.
      if (pack.write(bytes) || socket.isPaused()) return;
      socket.pause();
      pack.once('drain', () => socket.resume());
    });
    await Promise.race([copy.run(client), failed]);
    pack.end();
    await Promise.race([written, failed]);
    writeFileSync(join(folder, DATABASE_FILES.manifest), copy.manifest, { mode: 0o600 });
  } finally {
    failed.catch(() => undefined); // told already, or too late to matter
    await client.end();
  }
}

/** A query of pg's whose answer is a copy instead of rows. */
class BaseBackup {
  private archives = 0;
  private receives: typeof DATA | typeof MANIFEST = DATA;
  private readonly manifestParts: Buffer[] = [];
  private settle: { done: () => void; failed: (error: Error) => void } | null = null;

  constructor(private readonly onData: (bytes: Buffer, socket: Socket) => void) {}

  get manifest(): Buffer {
    return Buffer.concat(this.manifestParts);
  }

  run(client: Client): Promise<void> {
    return new Promise((done, failed) => {
      this.settle = { done, failed };
      (client as unknown as { query(query: BaseBackup): void }).query(this);
    });
  }

  submit(connection: Connection): void {
    connection.query(COMMAND);
  }

  handleCopyData({ chunk }: { chunk: Buffer }, connection: Connection & { stream: Socket }): void {
    switch (chunk[0]) {
      case NEW_ARCHIVE:
        // The first is the data folder; each further one a tablespace.
        if ((this.archives += 1) > 1) connection.stream.destroy(new Error('a tablespace of its own is not backed up'));
        return;
      case MANIFEST:
        this.receives = MANIFEST;
        return;
      case DATA: {
        // pg reads the next message into the same memory.
        const bytes = Buffer.from(chunk.subarray(1));
        if (this.receives === MANIFEST) this.manifestParts.push(bytes);
        else this.onData(bytes, connection.stream);
        return;
      }
      default:
        return; // progress
    }
  }

  handleReadyForQuery(): void {
    this.settle?.done();
  }

  handleError(error: Error): void {
    this.settle?.failed(error);
  }

  // Positions in the WAL and names of tablespaces come as rows around the copy.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
}
