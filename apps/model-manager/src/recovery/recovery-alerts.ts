import type { AlertsService } from '../alerts/alerts.service';
import type { FallbackNews } from '../switching/fallback-profile';
import type { Exhausted, RecoveryNews } from './stepping-engine';

/** What an operator hears of engines that do not come back, or come back smaller. */
export function recoveryAlerts(alerts: AlertsService, onExhausted: (exhausted: Exhausted) => void): RecoveryNews {
  return {
    onExhausted,
    onCrashLoop: (engine, message, stopped) =>
      alerts.raise({
        kind: 'crash_loop',
        engine,
        message: stopped
          ? `${engine} is not started any more. ${message}`
          : `${engine} fails again and again. ${message}`,
      }),
    onRecovered: (engine) => alerts.clear('crash_loop', engine),
    onSteppedDown: (engine, changes, failure) => {
      // Found again after a restart, without a new failure: what was said of it holds on.
      if (changes === null || failure !== '') alerts.clear('stepped_down', engine);
      if (changes === null) return;
      const message = `${engine} runs with less than its profile says: ${changes.join('; ')}. A switch to the profile, or a restart, tries all of it again. ${failure}`;
      alerts.raise({ kind: 'stepped_down', engine, message: message.trim() });
    },
  };
}

/** What an operator hears of a profile that was not chosen by anybody. */
export function fallbackAlerts(alerts: AlertsService): FallbackNews {
  return {
    onFallback: (message) => {
      alerts.clear('profile_fallback', null);
      alerts.raise({ kind: 'profile_fallback', engine: null, message });
    },
    onChosen: () => alerts.clear('profile_fallback', null),
  };
}
