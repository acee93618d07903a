import { join } from 'node:path';
import {
  ConfigError,
  count,
  milliseconds,
  optionalText,
  parseConfig,
  port,
  secretOf,
  serviceVariables,
  variable,
} from '#common/config';
import { projectRoot } from '#common/project-root';
import { z } from 'zod';
import { splitCommand } from './drivers/command-line';
import { containerSettings, podSettings } from './drivers/container-settings';

/** `name=value,name=value`. */
const labels = z.string().transform((text, context): Record<string, string> => {
  const pairs = text.split(',').map((pair) => /^\s*([^=\s]+)=([^=\s]*)\s*$/.exec(pair));
  if (pairs.every((pair) => pair !== null))
    return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
  context.addIssue({ code: 'custom', message: 'must be name=value pairs with commas between' });
  return z.NEVER;
});

export const variables = {
  ...serviceVariables,
  ENGINE_DRIVER: variable(z.enum(['simulator', 'process', 'docker', 'kubernetes', 'external']).default('process'), {
    describe:
      'What serves the model: vLLM as a process, in a container, on Kubernetes, a running engine elsewhere, or the simulator.',
    example: 'process',
  }),
  ENGINE_URL: variable(z.url({ protocol: /^https?$/ }).optional(), {
    describe: 'Base URL of a running OpenAI-compatible engine; for the driver `external` only.',
    example: 'http://10.0.0.5:8000',
  }),
  ENGINE_PORT: variable(port.optional(), {
    describe: 'Port of the engine that is started here; without it a free one is picked.',
    example: '8000',
  }),
  ENGINE_STATE_DIR: variable(optionalText, {
    describe: 'Folder of engine records and logs; a restarted model-manager finds its running engine there.',
    example: '.tandem/engines',
  }),
  ENGINE_LOAD_TIMEOUT_MS: variable(milliseconds.default(3_600_000), {
    describe: 'How long an engine may load, the download of its weights included, in milliseconds.',
    example: '3600000',
  }),
  ENGINE_HANG_TIMEOUT_MS: variable(milliseconds.min(1_000).default(20_000), {
    describe:
      'An engine with running requests that made no token for so long is hung and is restarted, in milliseconds.',
    example: '20000',
  }),
  ENGINE_STOP_TIMEOUT_MS: variable(milliseconds.default(10_000), {
    describe: 'How long a stopping engine may take before it is killed, in milliseconds.',
    example: '10000',
  }),
  ENGINE_AT_STOP: variable(z.enum(['end', 'leave']).default('end'), {
    describe:
      'What becomes of the engines when model-manager is stopped (SIGTERM): ended, or left for the next one, which finds them again. With `leave` an update of model-manager loads no model anew.',
    example: 'leave',
  }),
  SWITCH_DRAIN_TIMEOUT_MS: variable(milliseconds.default(60_000), {
    describe:
      'How long the answers of the old model may go on when the model is changed, in milliseconds; what is longer is cut.',
    example: '60000',
  }),
  ENGINE_IMAGE: variable(
    z
      .string()
      .regex(/^(\S+@)?sha256:[0-9a-f]{64}$/, 'must name an image by its digest')
      .optional(),
    {
      describe: 'Image of vLLM with its digest; for the drivers `docker` and `kubernetes`.',
      example: `vllm/vllm-openai@sha256:${'0'.repeat(64)}`,
    },
  ),
  ENGINE_OWNER: variable(
    z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/, 'must be lower case letters, digits and "-"')
      .optional(),
    {
      describe:
        'Marks the containers and Deployments of this Tandem, so that another one leaves them alone. Default: of its own state folder (docker), `main` (kubernetes).',
      example: 'main',
    },
  ),
  ENGINE_MODEL_CACHE: variable(z.string().trim().min(1).default('tandem-models'), {
    describe:
      'Where containers keep weights and compiled graphs: a volume or a folder of the host (docker), a PersistentVolumeClaim (kubernetes).',
    example: 'tandem-models',
  }),
  ENGINE_SHM_MIB: variable(count.min(64).default(8_192), {
    describe: 'Shared memory of a container, MiB: tensor parallel workers talk through it.',
    example: '8192',
  }),
  DOCKER_HOST: variable(z.string().trim().default('unix:///var/run/docker.sock'), {
    describe: 'Where the Docker Engine API listens, for the driver `docker`: unix:///path or tcp://host:port.',
    example: 'unix:///var/run/docker.sock',
  }),
  DOCKER_CERT_PATH: variable(optionalText, {
    describe: 'Folder with ca.pem, cert.pem and key.pem; with it, Docker on tcp is spoken to by TLS.',
    example: '/etc/tandem/docker',
  }),
  DOCKER_NETWORK: variable(optionalText, {
    describe:
      'Network of engines in containers that model-manager and chat-service are on too; without it engines are published on loopback.',
    example: 'tandem_engines',
  }),
  KUBECONFIG: variable(optionalText, {
    describe: 'File that says how Kubernetes is reached; without it the account of the own pod is used.',
    example: '/etc/tandem/kubeconfig',
  }),
  KUBERNETES_NAMESPACE: variable(z.string().trim().min(1).max(63).default('tandem-engines'), {
    describe: 'Namespace of the engines, for the driver `kubernetes`.',
    example: 'tandem-engines',
  }),
  KUBERNETES_NODE_SELECTOR: variable(labels.default({}), {
    describe: 'Labels of the nodes that engines may run on, as name=value, with commas between.',
    example: 'kubernetes.io/hostname=gpu-0',
  }),
  KUBERNETES_GPU_RESOURCE: variable(z.string().trim().min(1).default('nvidia.com/gpu'), {
    describe: 'What a node of Kubernetes calls its GPUs.',
    example: 'nvidia.com/gpu',
  }),
  KUBERNETES_TOKEN_SECRET: variable(optionalText, {
    describe:
      'Secret with the key `token`: the access token for Hugging Face. The driver `kubernetes` takes it from nowhere else.',
    example: 'hugging-face',
  }),
  VLLM_COMMAND: variable(z.string().trim().default('vllm'), {
    describe: 'How vLLM is called; `serve MODEL ...` is added.',
    example: '/opt/vllm/bin/vllm',
  }),
  SIMULATOR_COMMAND: variable(optionalText, {
    describe: 'How the simulated vLLM is called, for the driver `simulator`; without it the one of this project.',
    example: 'node dist/apps/vllm-simulator/src/main.js',
  }),
  NVIDIA_SMI_COMMAND: variable(optionalText, {
    describe: 'How nvidia-smi is called; the simulator has its own.',
    example: 'nvidia-smi',
  }),
  PROFILES_DIR: variable(optionalText, { describe: 'Folder of the model profiles.', example: 'profiles' }),
  MODELS_DIR: variable(optionalText, {
    describe: 'Folder of facts about models, which the fit check reads.',
    example: 'models',
  }),
  MODEL_ID: variable(optionalText, {
    describe: 'Model of the default profile: a Hugging Face id or a local folder.',
    example: 'Qwen/Qwen3-14B-AWQ',
  }),
  VLLM_TP: variable(z.coerce.number().int().min(1).max(64).optional(), {
    describe: 'Tensor parallel size of the default profile.',
    example: '2',
  }),
  VLLM_MAXLEN: variable(
    z
      .string()
      .regex(/^(\d+[kKmM]?|auto|-1)$/, 'must be a number, "auto" or "-1"')
      .optional(),
    {
      describe: 'Context length of the default profile, in tokens.',
      example: '8192',
    },
  ),
  VLLM_UTIL: variable(z.coerce.number().gt(0).max(1).optional(), {
    describe: 'Part of the GPU memory that the default profile may use.',
    example: '0.90',
  }),
  BENCHMARK_AFTER_CHANGE: variable(z.stringbool().default(true), {
    describe: 'Whether a profile is measured by itself after each switch and each change of its parameters.',
    example: 'false',
  }),
  BENCHMARK_REGRESSION_PERCENT: variable(z.coerce.number().min(1).max(1_000).default(15), {
    describe: 'A figure of a benchmark that is worse than last time by more is flagged, in percent.',
    example: '15',
  }),
  ALERT_WINDOW_MS: variable(milliseconds.min(1_000).default(300_000), {
    describe: 'The window in which lines of the engine logs and timeouts are counted for alerts, in milliseconds.',
    example: '300000',
  }),
  ALERT_COOL_DOWN_MS: variable(milliseconds.default(600_000), {
    describe: 'The same alert does not begin again so soon after its end, in milliseconds.',
    example: '600000',
  }),
  ALERT_ERRORS: variable(count.min(1).default(10), {
    describe: 'Lines of ERROR in the log of an engine within the window that raise an alert.',
    example: '10',
  }),
  ALERT_CUDA_OUT_OF_MEMORY: variable(count.min(1).default(1), {
    describe: 'Lines of CUDA out of memory in the log of an engine within the window that raise an alert.',
    example: '1',
  }),
  ALERT_REQUEST_TIMEOUTS: variable(count.min(1).default(5), {
    describe: 'Requests that ran into a timeout within the window that raise an alert.',
    example: '5',
  }),
  ALERT_WEBHOOK_URL: variable(z.url({ protocol: /^https?$/ }).optional(), {
    describe: 'Where alerts are posted as JSON; redirects are not followed.',
    example: 'https://hooks.example.com/tandem',
  }),
  ALERT_WEBHOOK_SECRET: variable(optionalText, {
    describe: 'Signs what is posted: `x-tandem-signature: t=...,v1=...`, an HMAC-SHA256 of `<t>.<body>`.',
    example: 'a-long-random-text',
    secret: true,
  }),
  ALERT_EMAIL_TO: variable(optionalText, {
    describe: 'Who gets alerts by e-mail; several addresses with commas.',
    example: 'operator@example.com',
  }),
  ALERT_EMAIL_FROM: variable(optionalText, {
    describe: 'The sender of these e-mails; without it the first receiver.',
    example: 'tandem@example.com',
  }),
  SMTP_URL: variable(z.url({ protocol: /^smtps?$/ }).optional(), {
    describe: 'The mail server, with user and password in the URL; needed for e-mails.',
    example: 'smtp://tandem:secret@mail.example.com:587',
    secret: true,
  }),
} as const;

/** Variables of Tandem that an engine has no business with: secrets first of all. */
const NOT_FOR_ENGINES =
  /^(NATS_URL(_FILE)?|DATABASE_URL(_FILE)?|REDIS_URL(_FILE)?|JWT_SECRET(_FILE)?|HUGGING_FACE_HUB_TOKEN_FILE|FALLBACK_.*|SETTINGS_ENCRYPTION_KEY(_FILE)?|TANDEM_.*|PORT|HOST|OTEL_.*|VLLM_(COMMAND|TP|MAXLEN|UTIL)|ENGINE_.*|ALERT_.*|SMTP_.*|DOCKER_.*|KUBECONFIG|KUBERNETES_.*|NODE_OPTIONS)$/;

export type Settings = ReturnType<typeof loadSettings>;

/** Everything that model-manager is told from outside. @throws ConfigError */
export function loadSettings(environment: Readonly<Record<string, string | undefined>>) {
  const parsed = parseConfig(variables, environment);
  const root = projectRoot(__dirname);
  const simulated = parsed.ENGINE_DRIVER === 'simulator';
  if (parsed.ENGINE_DRIVER === 'external' && parsed.ENGINE_URL === undefined)
    throw new ConfigError('ENGINE_URL: is needed by ENGINE_DRIVER=external (example: ENGINE_URL=http://10.0.0.5:8000)');
  if (parsed.ALERT_EMAIL_TO !== undefined && parsed.SMTP_URL === undefined)
    throw new ConfigError(
      'SMTP_URL: is needed by ALERT_EMAIL_TO (example: SMTP_URL=smtp://tandem:secret@mail.example.com:587)',
    );
  const inContainers = parsed.ENGINE_DRIVER === 'docker' || parsed.ENGINE_DRIVER === 'kubernetes';
  if (inContainers && parsed.ENGINE_IMAGE === undefined)
    throw new ConfigError(
      `ENGINE_IMAGE: is needed by ENGINE_DRIVER=${parsed.ENGINE_DRIVER} (example: ENGINE_IMAGE=vllm/vllm-openai@sha256:...)`,
    );
  const ours = (file: string): string[] => [process.execPath, join(__dirname, '../../vllm-simulator/src', file)];
  const engineStateDirectory = parsed.ENGINE_STATE_DIR ?? join(root, '.tandem', 'engines');
  const smi = parsed.NVIDIA_SMI_COMMAND ?? (simulated ? undefined : 'nvidia-smi');
  return Object.freeze({
    ...parsed,
    engineCommand: simulated
      ? command('SIMULATOR_COMMAND', parsed.SIMULATOR_COMMAND, ours('main.js'))
      : command('VLLM_COMMAND', parsed.VLLM_COMMAND, []),
    nvidiaSmiCommand: command('NVIDIA_SMI_COMMAND', smi, ours('nvidia-smi.js')),
    profilesDirectory: parsed.PROFILES_DIR ?? join(root, 'profiles'),
    modelsDirectory: parsed.MODELS_DIR ?? join(root, 'models'),
    engineStateDirectory,
    docker: parsed.ENGINE_DRIVER === 'docker' ? containerSettings(parsed, engineStateDirectory) : null,
    kubernetes: parsed.ENGINE_DRIVER === 'kubernetes' ? podSettings(parsed) : null,
    engineEnvironment: {
      // Where simulated engines tell the simulated nvidia-smi what memory they hold.
      ...(simulated ? { VLLM_SIM_STATE_DIR: join(engineStateDirectory, 'simulated-gpus') } : {}),
      ...engineEnvironment(environment),
    },
  });
}

function command(name: string, line: string | undefined, otherwise: string[]): string[] {
  if (line === undefined) return otherwise;
  const words = splitCommand(line);
  if (words.length === 0) throw new ConfigError(`${name}: is empty (example: ${name}=/opt/vllm/bin/vllm)`);
  return words;
}

/** What an engine inherits: the operator's settings for CUDA, NCCL, Hugging Face and vLLM, but nothing of ours. */
function engineEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const inherited: Record<string, string> = { VLLM_NO_USAGE_STATS: '1', DO_NOT_TRACK: '1' };
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined && !NOT_FOR_ENGINES.test(name)) inherited[name] = value;
  const token = secretOf('HUGGING_FACE_HUB_TOKEN', environment);
  if (token !== undefined && token !== '') inherited['HF_TOKEN'] ??= token;
  return inherited;
}
