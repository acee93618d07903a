import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { formatTime } from '../../../ui/format';
import { Notice } from '../../../ui/page';
import { hardwareQuery, type Hardware } from '../queries';
import { GpuCard } from './gpu-card';
import { GpuCharts } from './gpu-charts';
import { Topology } from './topology';

/** The host's GPUs: what holds their memory, how busy and how warm they are, and how they are connected. */
export function HardwarePage() {
  const { t } = useTranslation();
  const hardware = useQuery(hardwareQuery);
  return (
    <>
      {hardware.isError && <Notice tone="danger">{hardware.error.message}</Notice>}
      {hardware.data !== undefined &&
        (hardware.data.unavailable === null ? (
          <Gpus of={hardware.data} />
        ) : (
          <Notice>{t('models.hardware.none', { reason: hardware.data.unavailable })}</Notice>
        ))}
    </>
  );
}

function Gpus({ of: { gpus, driver, topology, readAt } }: { of: Hardware }) {
  const { t } = useTranslation();
  return (
    <>
      <GpuCharts gpus={gpus} />
      <div className="grid gap-4 lg:grid-cols-2">
        {gpus.map((gpu) => (
          <GpuCard key={gpu.uuid} of={gpu} />
        ))}
      </div>
      {topology.length > 1 && <Topology of={topology} />}
      <p className="text-xs text-subtle">
        {driver !== null && `${t('models.hardware.driver', { driver })} · `}
        {readAt !== null && t('models.hardware.readAt', { time: formatTime(readAt) })}
      </p>
    </>
  );
}
