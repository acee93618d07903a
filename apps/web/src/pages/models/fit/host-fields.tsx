import { useTranslation } from 'react-i18next';
import { Select, TextField } from '../../../ui/field';
import { ANOTHER_HOST, THIS_HOST, type Host } from './host';

/** Compute capabilities that vLLM runs on and people have at home or in a rack. */
const ARCHITECTURES = [
  ['7.5', 'Turing (7.5)'],
  ['8', 'A100 (8.0)'],
  ['8.6', 'RTX 30 (8.6)'],
  ['8.9', 'RTX 40, L40 (8.9)'],
  ['9', 'H100, H200 (9.0)'],
  ['12', 'RTX 50 (12.0)'],
] as const;

export function HostFields({ host, onChange }: { host: Host; onChange: (host: Host) => void }) {
  const { t } = useTranslation();
  return (
    <fieldset className="grid gap-3">
      <Select
        label={t('models.fit.host')}
        value={host.kind}
        onChoose={(kind) => onChange(kind === 'this' ? THIS_HOST : ANOTHER_HOST)}
        options={[
          ['this', t('models.fit.thisHost')],
          ['other', t('models.fit.otherHost')],
        ]}
      />
      {host.kind === 'other' && (
        <div className="grid grid-cols-2 gap-3">
          <TextField
            label={t('models.fit.gpuCount')}
            type="number"
            required
            min={1}
            max={16}
            value={host.gpus}
            onChange={(event) => onChange({ ...host, gpus: event.target.valueAsNumber || 1 })}
          />
          <TextField
            label={t('models.fit.gpuGib')}
            type="number"
            required
            min={4}
            max={512}
            value={host.totalGib}
            onChange={(event) => onChange({ ...host, totalGib: event.target.valueAsNumber || 0 })}
          />
          <div className="col-span-2">
            <Select
              label={t('models.fit.architecture')}
              value={String(host.computeCapability)}
              onChoose={(value) => onChange({ ...host, computeCapability: Number(value) })}
              options={ARCHITECTURES}
            />
          </div>
        </div>
      )}
    </fieldset>
  );
}
