import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { isInstalled } from '#testing/programs';

const FOLDER = resolve(__dirname, '../../deploy/k8s');

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: Record<string, unknown>;
  data?: Record<string, string>;
}

export const OVERLAYS: readonly string[] = readdirSync(`${FOLDER}/overlays`).sort();

/** Whether this machine can build overlays. */
export const kustomizeIsHere = isInstalled('kubectl');

const made = new Map<string, { text: string; objects: Manifest[] }>();

/** An overlay as `kubectl kustomize` writes it. */
export function built(overlay: string): { text: string; objects: Manifest[] } {
  const before = made.get(overlay);
  if (before !== undefined) return before;
  const text = execFileSync('kubectl', ['kustomize', `${FOLDER}/overlays/${overlay}`], { encoding: 'utf8' });
  const one = { text, objects: parseAllDocuments(text).map((document) => document.toJS() as Manifest) };
  made.set(overlay, one);
  return one;
}
