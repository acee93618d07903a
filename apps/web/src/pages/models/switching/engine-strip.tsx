import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { modelsStatus } from '../../../api/models-status';
import type { components } from '../../../api/schema';
import { formatNumber } from '../../../ui/format';
import { formatTime } from '../../../ui/format';

type Engine = components['schemas']['EngineViewDto'];

const LOOKS: Record<Engine['state'], string> = {
  ready: 'bg-good',
  loading: 'bg-accent animate-pulse',
  draining: 'bg-warning',
  failed: 'bg-danger',
  stopped: 'bg-subtle',
};

/** Who answers the code assistant: never another server without a word. */
function CodeBackend({ of: { backend, model } }: { of: components['schemas']['BackendDto'] }) {
  const { t } = useTranslation();
  const answers = t(`models.codeBy.${backend ?? 'nobody'}`, { model: model ?? '' });
  return <li className={backend === 'vllm' ? 'text-subtle' : 'text-warning'}>{answers}</li>;
}

/** Who gives hints: it is as an admin has set it, where there is no reason against that. */
function HintBackend({ of: { backend, model, reason } }: { of: components['schemas']['HintBackendDto'] }) {
  const { t } = useTranslation();
  const gives = t(`models.hintsBy.${backend ?? 'nobody'}`, { model: model ?? '' });
  return <li className={reason === null ? 'text-subtle' : 'text-warning'}>{gives}</li>;
}

/** What each engine does now, and how many requests run and wait. */
export function EngineStrip() {
  const { t } = useTranslation();
  const status = useQuery(modelsStatus).data;
  if (status === undefined || status.engines.length === 0) return null;
  return (
    <section aria-label={t('models.engines')} className="grid gap-2 text-sm">
      <ul className="flex flex-wrap gap-x-6 gap-y-1.5">
        {status.engines.map((engine) => (
          <li key={engine.id} className="flex items-center gap-2">
            <span aria-hidden className={`size-2 rounded-full ${LOOKS[engine.state]}`} />
            <span className="font-medium">{engine.id}</span>
            <span className="text-subtle tabular-nums">
              {t(`models.engineState.${engine.state}`)}
              {engine.percent !== null && ` ${formatNumber(engine.percent)} %`}
              {engine.phase !== null && ` · ${engine.phase}`}
            </span>
          </li>
        ))}
        <li className="text-subtle tabular-nums">
          {t('models.queue', {
            running: formatNumber(status.queue.running),
            waiting: formatNumber(status.queue.waiting),
          })}
        </li>
        {status.backend != null && <CodeBackend of={status.backend} />}
        {status.hints != null && <HintBackend of={status.hints} />}
      </ul>
      {status.engines
        .filter(({ message }) => message !== null)
        .map(({ id, message, retryAt }) => (
          <p key={id} role="alert" className="rounded-xl border border-danger px-4 py-3">
            <strong className="text-danger">{id}</strong> {message}{' '}
            {retryAt !== null && t('models.retryAt', { time: formatTime(Date.parse(retryAt)) })}
          </p>
        ))}
    </section>
  );
}
