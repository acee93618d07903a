import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { dockerAddress } from './docker/docker-address';
import { DockerApi } from './docker/docker-api';
import { endStrayContainers } from './docker/docker-driver';
import { KubernetesApi } from './kubernetes/kubernetes-api';
import { endStrayPods } from './kubernetes/kubernetes-driver';

/** Without `.json`: what has it is the record of an engine. The launcher knows it by this name too. */
const FILE = 'containers';

/** Where engines run that no process list shows, and whose they are. No secrets. */
const containerNoteSchema = z.discriminatedUnion('driver', [
  z.object({
    driver: z.literal('docker'),
    owner: z.string(),
    host: z.string(),
    certificates: z.string().optional(),
  }),
  z.object({
    driver: z.literal('kubernetes'),
    owner: z.string(),
    namespace: z.string(),
    kubeconfig: z.string().optional(),
  }),
]);

export type ContainerNote = z.output<typeof containerNoteSchema>;

/**
 * Left in the folder of engine records while there may be containers or pods, so that they can be ended when nobody is left
 * who remembers them.
 */
export class ContainerNoteFile {
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, FILE);
  }

  read(): ContainerNote | null {
    try {
      return containerNoteSchema.parse(JSON.parse(readFileSync(this.path, 'utf8')));
    } catch {
      return null; // there were none
    }
  }

  write(note: ContainerNote): void {
    const fresh = `${this.path}.new`;
    writeFileSync(fresh, `${JSON.stringify(note, null, 2)}\n`, { mode: 0o600 });
    renameSync(fresh, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/**
 * Ends every engine that a note tells of.
 * @returns ids of the engines
 * @throws DockerError, KubernetesError when who runs them cannot be asked, or one does not end
 */
export function endNoted(note: ContainerNote): Promise<string[]> {
  switch (note.driver) {
    case 'docker':
      return endStrayContainers(new DockerApi(dockerAddress(note.host, note.certificates)), note, []);
    case 'kubernetes':
      return endStrayPods(new KubernetesApi(note.namespace, note.kubeconfig), note, []);
  }
}
