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
    return `${verbs[span.kind].failed} ${whatOf(span)} after ${took}${reason}`;
  }
  return `${verbs[span.kind].done} ${whatOf(span)} in ${took}`;
}

/** The span's name; of a message without its own verb, which the sentence has: `send order.completed`. */
function whatOf({ kind, name }: { readonly kind: keyof typeof verbs; readonly name: string }): string {
  if (kind === 'producer') return name.replace(/^(send|publish|create)\s+(?=\S)/i, '');
  if (kind === 'consumer') return name.replace(/^(process|receive|poll)\s+(?=\S)/i, '');
  return name;
}

const verbs = {
  server: { done: 'answered', failed: 'failed to answer' },
  client: { done: 'called', failed: 'failed to call' },
  producer: { done: 'sent', failed: 'failed to send' },
  consumer: { done: 'took up', failed: 'failed to handle' },
  internal: { done: 'did', failed: 'failed in' },
  unspecified: { done: 'did', failed: 'failed in' },
} as const;
