import { randomUUID } from 'node:crypto';
import type { Alert, AlertKind } from '#contracts/alerts';

/** Alerts that are over and still shown. */
const KEPT = 100;

export interface AlertFacts {
  kind: AlertKind;
  engine: string | null;
  message: string;
  count?: number;
  threshold?: number;
}

/** Which alerts are on, and the last that were. One for each kind and engine is on at a time. */
export class AlertBook {
  /** Newest first. */
  private alerts: Alert[] = [];

  /** @returns null when it is on already. @param at epoch milliseconds. */
  raise({ kind, engine, message, count, threshold }: AlertFacts, at: number): Alert | null {
    if (this.active(kind, engine) !== undefined) return null;
    const alert: Alert = {
      id: `alert_${randomUUID().replaceAll('-', '').slice(0, 16)}`,
      kind,
      engine,
      message,
      count: count ?? null,
      threshold: threshold ?? null,
      startedAt: at,
      endedAt: null,
    };
    this.alerts = [alert, ...this.alerts];
    return alert;
  }

  /** Those of a process before this one. */
  restore(alerts: readonly Alert[]): void {
    this.alerts = [...alerts].sort((one, other) => other.startedAt - one.startedAt);
  }

  /** @returns those that are over and make room for newer ones. */
  forget(): Alert[] {
    const stays = (alert: Alert, index: number): boolean => index < KEPT || alert.endedAt === null;
    const forgotten = this.alerts.filter((alert, index) => !stays(alert, index));
    this.alerts = this.alerts.filter(stays);
    return forgotten;
  }

  /** @returns null when it is not on. */
  clear(kind: AlertKind, engine: string | null, at: number): Alert | null {
    const alert = this.active(kind, engine);
    if (alert === undefined) return null;
    const ended = { ...alert, endedAt: at };
    this.alerts = this.alerts.map((one) => (one === alert ? ended : one));
    return ended;
  }

  list(): readonly Alert[] {
    return this.alerts;
  }

  on(kind: AlertKind): number {
    return this.alerts.filter((alert) => alert.kind === kind && alert.endedAt === null).length;
  }

  private active(kind: AlertKind, engine: string | null): Alert | undefined {
    return this.alerts.find((alert) => alert.kind === kind && alert.engine === engine && alert.endedAt === null);
  }
}
