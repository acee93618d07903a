import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { containerName, containerSpec, LABELS, type DockerSettings } from '../drivers/docker/container-spec';

/** One call of the Docker Engine API, its version taken off the path. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Parsed; undefined without one. */
  readonly body: unknown;
}

/** What the proxy knows of the engines that may be started. */
export interface AllowedEngines extends DockerSettings {
  /** The program of an engine and its first arguments (VLLM_COMMAND). */
  readonly command: readonly string[];
}

export type Verdict =
  | { readonly kind: 'allowed' }
  /** Allowed when this container is one of ours. */
  | { readonly kind: 'ours'; readonly container: string }
  | { readonly kind: 'refused'; readonly reason: string };

const ALLOWED: Verdict = { kind: 'allowed' };

/** What the driver does with a container of its own. */
const OWN_CONTAINER = /^(GET json|GET logs|POST start|POST stop|POST wait|DELETE )$/;

/** Whether the docker driver makes such a call. What it does not need is refused, whatever it is. */
export function judge(call: Call, allowed: AllowedEngines): Verdict {
  const { method, path, query } = call;
  switch (`${method} ${path}`) {
    case 'GET /_ping':
      return ALLOWED;
    case 'GET /containers/json':
      return listsOurs(query, allowed) ? ALLOWED : refused('only containers of this Tandem are listed');
    case 'POST /containers/create':
      return created(call, allowed);
    case 'POST /images/create':
      return isDeepStrictEqual(query, { fromImage: allowed.image }) ? ALLOWED : refused('another image');
    case `GET /images/${allowed.image}/json`:
      return ALLOWED;
    default: {
      const [, container, action = ''] = /^\/containers\/([\w.-]+)(?:\/(\w+))?$/.exec(path) ?? [];
      const isKnown = container !== undefined && OWN_CONTAINER.test(`${method} ${action}`);
      return isKnown ? { kind: 'ours', container } : refused('the docker driver makes no such call');
    }
  }
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}

function listsOurs({ filters = '{}' }: Call['query'], { owner }: AllowedEngines): boolean {
  const parsed = z.object({ label: z.array(z.string()) }).safeParse(jsonOf(filters));
  return parsed.success && parsed.data.label.includes(`${LABELS.owner}=${owner}`);
}

const freeParts = z.object({
  Cmd: z.array(z.string()),
  Env: z.array(z.string().regex(/^\w+=/)),
  Labels: z.record(z.string(), z.string()),
  HostConfig: z.object({
    DeviceRequests: z.tuple([z.object({ DeviceIDs: z.array(z.string()).optional() })]),
  }),
});

/**
 * A container may be made when it is, to the last field, what the driver makes of the parts that are free: the arguments and
 * the variables of vLLM, its cards, and the labels. So no other image, no mount, no privilege, no namespace of the host.
 */
function created({ query, body }: Call, allowed: AllowedEngines): Verdict {
  const parsed = freeParts.safeParse(body);
  if (!parsed.success) return refused('not a container of the docker driver');
  const { Cmd, Env, Labels, HostConfig } = parsed.data;
  const id = Labels[LABELS.engine] ?? '';
  const published = Labels[LABELS.port] ?? '';
  const expected = containerSpec(
    {
      id,
      profile: Labels[LABELS.profile] ?? '',
      command: allowed.command,
      args: Cmd.slice(1, -4),
      environment: Object.fromEntries(
        Env.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
      gpus: null,
      fingerprint: Labels[LABELS.fingerprint] ?? '',
      port: undefined,
    },
    allowed,
    HostConfig.DeviceRequests[0].DeviceIDs ?? null,
    published === '' ? null : Number(published),
  );
  if (!/^[a-z0-9-]+$/.test(id) || !isDeepStrictEqual(query, { name: containerName(allowed, id) }))
    return refused('another name');
  return isDeepStrictEqual(body, JSON.parse(JSON.stringify(expected)))
    ? ALLOWED
    : refused('a container that the docker driver would not make so');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // refused by the schema
  }
}
