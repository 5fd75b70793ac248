import type { SendEnding } from '../channels/channel.ts';

/** What deliveries count, in Prometheus' text format. */
export class DeliveryMetrics {
  readonly #attempts = new Map<string, { count: number; tookMs: number }>();
  #waiting = 0;
  #oldestMs = 0;

  count(type: string, ending: SendEnding['ending'], tookMs: number): void {
    const labels = `type="${type.replaceAll(/[^\w-]/g, '_')}",ending="${ending}"`;
    const known = this.#attempts.get(labels) ?? { count: 0, tookMs: 0 };
    this.#attempts.set(labels, { count: known.count + 1, tookMs: known.tookMs + tookMs });
  }

  backlog({ waiting, oldestAt }: { readonly waiting: number; readonly oldestAt: number | null }, nowMs: number): void {
    this.#waiting = waiting;
    this.#oldestMs = oldestAt === null ? 0 : Math.max(0, nowMs - oldestAt);
  }

  text(): string {
    const rows = [...this.#attempts];
    return [
      '# HELP sightline_notification_attempts_total Tries to deliver a notification.',
      '# TYPE sightline_notification_attempts_total counter',
      ...rows.map(([labels, { count }]) => `sightline_notification_attempts_total{${labels}} ${count}`),
      '# HELP sightline_notification_attempt_seconds_total Time that tries to deliver took.',
      '# TYPE sightline_notification_attempt_seconds_total counter',
      ...rows.map(([labels, { tookMs }]) => `sightline_notification_attempt_seconds_total{${labels}} ${tookMs / 1000}`),
      '# HELP sightline_notifications_waiting Notifications not delivered yet.',
      '# TYPE sightline_notifications_waiting gauge',
      `sightline_notifications_waiting ${this.#waiting}`,
      '# HELP sightline_notifications_oldest_seconds Age of the notification that waits longest.',
      '# TYPE sightline_notifications_oldest_seconds gauge',
      `sightline_notifications_oldest_seconds ${this.#oldestMs / 1000}`,
      '',
    ].join('\n');
  }
}
