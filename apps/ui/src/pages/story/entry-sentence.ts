import { formatNs } from '../../charts/number-format.ts';
import type { StoryEntry } from './lane-layout.ts';

/** One entry of a story as a clause that follows its lane's name: `answered POST /orders in 120 ms`. */
export function entrySentence(entry: StoryEntry): string {
  if (entry.kind === 'log') return entry.log.body || entry.log.eventName || 'an empty line';
  if (entry.kind === 'error') {
    const { type, message } = entry.error;
    return message === ''
      ? `failed with ${type || 'an error'}`
      : `failed: ${type === '' ? message : `${type}: ${message}`}`;
  }
  const { span } = entry;
  const took = formatNs(span.durationNs);
  if (span.status === 'error') {
    const reason = span.statusMessage === '' ? '' : `: ${span.statusMessage}`;
    return `${verbs[span.kind].failed} ${span.name} after ${took}${reason}`;
  }
  return `${verbs[span.kind].done} ${span.name} in ${took}`;
}

const verbs = {
  server: { done: 'answered', failed: 'failed to answer' },
  client: { done: 'called', failed: 'failed to call' },
  producer: { done: 'sent', failed: 'failed to send' },
  consumer: { done: 'took up', failed: 'failed to handle' },
  internal: { done: 'did', failed: 'failed in' },
  unspecified: { done: 'did', failed: 'failed in' },
} as const;
