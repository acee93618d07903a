import { useTranslation } from 'react-i18next';
import { HandOver } from '../../ui/hand-over';

interface InvitationProps {
  title: string;
  of: { email: string; password: string };
  onClose: () => void;
}

/** Where to sign in and with what. */
export function Invitation({ title, of: { email, password }, onClose }: InvitationProps) {
  const { t } = useTranslation();
  return (
    <HandOver
      title={title}
      what={t('users.handOver')}
      secret={t('users.invitation', { address: window.location.origin, email, password })}
      copyLabel={t('users.copyInvitation')}
      onClose={onClose}
    />
  );
}
