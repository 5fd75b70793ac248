import { type Clock, redactText } from '@sightline/base';
import type { Control, Monitor } from '@sightline/control';
import { heartbeatSettings, lateAtMs } from './heartbeat-settings.ts';
import type { ResultWriter } from './result-writer.ts';
import { coveredMs, rowBase } from './runner.ts';

/** What a job says of itself: it is done, it failed, it begins. */
export type HeartbeatKind = 'done' | 'failed' | 'began';

const longestMessage = 900;

/**
 * Takes a call to a heartbeat's address. Answers `unknown` for a word that is nobody's, `paused` for one that nobody
 * watches now. Throws when the control plane does not answer.
 */
export async function takeCall(
  parts: { readonly control: Pick<Control, 'monitors'>; readonly writer: ResultWriter; readonly clock: Clock },
  word: string,
  kind: HeartbeatKind,
  said: string,
): Promise<'taken' | 'paused' | 'unknown'> {
  const { control, clock } = parts;
  const monitor = await control.monitors.findByWord(word);
  if (!monitor) return 'unknown';
  if (!monitor.enabled) return 'paused';
  const at = clock.now();
  await takeWord(parts, monitor, kind, said, at, null);
  return 'taken';
}

/** What a heartbeat's job said of itself at `at`, and how long it ran where it said so. */
export async function takeWord(
  { control, writer }: { readonly control: Pick<Control, 'monitors'>; readonly writer: ResultWriter },
  monitor: Monitor,
  kind: HeartbeatKind,
  said: string,
  at: number,
  ranMs: number | null,
): Promise<void> {
  if (kind === 'began') {
    const { maxRunMs } = heartbeatSettings(monitor.settings);
    await control.monitors.began(monitor.id, at, maxRunMs > 0 ? at + maxRunMs : undefined);
    return;
  }
  const up = kind === 'done';
  const words = redactText(said.trim().replaceAll(/\s+/g, ' ').slice(0, longestMessage));
  const message = `${up ? 'called' : 'failed'}${words === '' ? '' : `: ${words}`}`;
  const durationMs = ranMs ?? (monitor.startedAt === null ? null : Math.max(0, at - monitor.startedAt));
  const nextRunAt = lateAtMs(monitor.settings, monitor.everyMs, at);
  const { downAfter, upAfter } = heartbeatSettings(monitor.settings);
  const verdict = { up, message, durationMs, at, nextRunAt, downAfter, upAfter };
  const noted = await control.monitors.note(monitor.id, verdict);
  if (!noted) return;
  // A good call does not make good the time for which it was missed.
  const coversMs = up && monitor.state === 'down' ? 0 : coveredMs(monitor, at);
  writer.add({ ...rowBase(monitor, at), up, durationMs: durationMs ?? 0, message, details: {}, coversMs });
}
