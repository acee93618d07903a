import { ContainerNoteFile, endNoted } from './drivers/container-note';

/**
 * Ends the containers or pods of engines whose model-manager is gone: `./stop` runs it last of all.
 * Usage: end-engines.js FOLDER, that of the engine records. Exit: 0 with the ids on stdout, 1 with the reason on stderr.
 */
async function main(): Promise<void> {
  const file = new ContainerNoteFile(process.argv[2] ?? '');
  const note = file.read();
  if (note === null) return;
  const ended = await endNoted(note);
  file.remove();
  process.stdout.write(ended.map((id) => `${id}\n`).join(''));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
