import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { me } from '../api/me';
import { usePreferences } from './preferences';

/** The language that somebody chose in another browser is theirs here too; who chose none keeps what this browser has. */
export function useAccountLanguage(): void {
  const language = useQuery(me).data?.language ?? null;
  useEffect(() => {
    if (language !== null) usePreferences.getState().setLanguage(language);
  }, [language]);
}
