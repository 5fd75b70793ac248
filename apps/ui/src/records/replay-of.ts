import type { ErrorEvent } from '@sightline/contract';

/** The replay that an error event names, where the SDK recorded one; '' otherwise. */
export function replayOf(event: Pick<ErrorEvent, 'contexts' | 'tags'>): string {
  const told = event.contexts['replay']?.['replay_id'] ?? event.tags['replayId'] ?? event.tags['replay_id'];
  const id = typeof told === 'string' ? told.replaceAll('-', '').toLowerCase() : '';
  return /^[0-9a-f]{32}$/.test(id) ? id : '';
}
