import type { ErrorEvent } from '@sightline/contract';

/** The replay that an error event names, where the SDK recorded one; '' otherwise. */
export function replayOf(event: Pick<ErrorEvent, 'contexts' | 'tags'>): string {
  return replayId(event.contexts['replay']?.['replay_id'] ?? event.tags['replayId'] ?? event.tags['replay_id']);
}

/** The replay that the attributes of a span name; '' where they name none. */
export function replayIn(attributes: Readonly<Record<string, string>>): string {
  const named = ['replay_id', 'replayId', 'replay.id', 'sentry.replay_id', 'sentry.replayId'];
  return named.map((name) => replayId(attributes[name])).find((id) => id !== '') ?? '';
}

function replayId(told: unknown): string {
  const id = typeof told === 'string' ? told.replaceAll('-', '').toLowerCase() : '';
  return /^[0-9a-f]{32}$/.test(id) ? id : '';
}
