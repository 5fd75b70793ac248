import { formatDuration } from '@sightline/base';
import type { SpanRecord } from '../traces/span-row.ts';
import type { StoryEntry } from './story.ts';

/**
 * The services of a story: along the calls between spans, callers first; services without spans follow in the order in
 * which they spoke.
 */
export function orderLanes(entries: readonly StoryEntry[]): string[] {
  const spans = entries.flatMap((entry) => (entry.kind === 'span' ? [entry.span] : []));
  const children = new Map<string, SpanRecord[]>();
  const known = new Set(spans.map(spanKey));
  for (const span of spans) {
    const parent = known.has(parentKey(span)) ? parentKey(span) : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const lanes = new Set<string>();
  const visited = new Set<string>();
  // Level by level, so that a gateway's own callees come before theirs.
  let level = children.get('') ?? [];
  while (level.length > 0) {
    for (const span of level) lanes.add(laneOf(span));
    level = level.flatMap((span) => {
      if (visited.has(spanKey(span))) return [];
      visited.add(spanKey(span));
      return children.get(spanKey(span)) ?? [];
    });
  }
  for (const entry of entries) lanes.add(laneOf(subject(entry)));
  return [...lanes].filter((lane) => lane !== '');
}

/** What a span is known by across traces. */
export const spanKey = (span: SpanRecord): string => `${span.traceId}/${span.spanId}`;
const parentKey = (span: SpanRecord): string => (span.parentId === '' ? '' : `${span.traceId}/${span.parentId}`);
const laneOf = (record: { readonly service: string }): string => record.service;

function subject(entry: StoryEntry): { readonly service: string; readonly site: string; readonly device: string } {
  return entry.kind === 'span' ? entry.span : entry.kind === 'log' ? entry.log : entry.error;
}

const mostCalls = 12;

/** What happened, as one sentence: who called whom in order, then what failed first and after how long. */
export function tellStory(entries: readonly StoryEntry[]): string {
  const first = entries[0];
  if (!first) return '';
  const begin = place(entries);
  const calls = callsBetween(entries);
  const told = calls.slice(0, mostCalls).map((call, i) => `${i === 0 && begin ? begin : call.from} called ${call.to}`);
  if (calls.length > mostCalls) told.push(`${calls.length - mostCalls} more calls`);
  if (told.length === 0)
    told.push(
      `${begin || subject(first).service || 'a client'} was heard ${entries.length === 1 ? 'once' : `${entries.length} times`}`,
    );
  told.push(ending(entries, first));
  return `${told.join('; ')}.`;
}

/** The device and site where it began; '' when nothing names them. */
function place(entries: readonly StoryEntry[]): string {
  const named = entries.map(subject).find((record) => record.device !== '' || record.site !== '');
  if (!named) return '';
  if (named.device === '') return `${named.service === '' ? 'A client' : named.service} at ${named.site}`;
  return named.site === '' ? named.device : `${named.device} at ${named.site}`;
}

/** Orders moments given as nanoseconds in text. */
export const compareNs = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0);

/** How far below its root each span lies: where two began at the same moment, the caller began first. */
export function depthsOf(spans: readonly SpanRecord[]): ReadonlyMap<string, number> {
  const byKey = new Map(spans.map((span) => [spanKey(span), span]));
  const depths = new Map<string, number>();
  for (const span of spans) {
    let depth = 0;
    const seen = new Set<SpanRecord>();
    for (
      let up = byKey.get(parentKey(span));
      up && !seen.has(up) && depth < spans.length;
      up = byKey.get(parentKey(up))
    ) {
      seen.add(up);
      depth++;
    }
    depths.set(spanKey(span), depth);
  }
  return depths;
}

/** Calls from one service to another, each pair once, in order of time. */
function callsBetween(entries: readonly StoryEntry[]): { from: string; to: string }[] {
  const spans = entries.flatMap((entry) => (entry.kind === 'span' ? [entry.span] : []));
  const byKey = new Map(spans.map((span) => [spanKey(span), span]));
  const calls = new Map<string, { from: string; to: string }>();
  const depths = depthsOf(spans);
  const inOrder = spans.toSorted(
    (a, b) => compareNs(a.startNs, b.startNs) || (depths.get(spanKey(a)) ?? 0) - (depths.get(spanKey(b)) ?? 0),
  );
  for (const span of inOrder) {
    const parent = byKey.get(parentKey(span));
    if (!parent || parent.service === span.service || parent.service === '' || span.service === '') continue;
    calls.set(`${parent.service}\n${span.service}`, { from: parent.service, to: span.service });
  }
  return [...calls.values()];
}

function ending(entries: readonly StoryEntry[], first: StoryEntry): string {
  const failure = entries.find((entry) => entry.kind === 'error') ?? deepestFailure(entries);
  if (!failure) {
    const endNs = entries.reduce((last, entry) => {
      const end = BigInt(entry.tsNs) + (entry.kind === 'span' ? BigInt(Math.round(entry.span.durationNs)) : 0n);
      return end > last ? end : last;
    }, BigInt(first.tsNs));
    return `it ended without an error after ${lasted(BigInt(first.tsNs), endNs)}`;
  }
  const { service } = subject(failure);
  const endNs = BigInt(failure.tsNs) + (failure.kind === 'span' ? BigInt(Math.round(failure.span.durationNs)) : 0n);
  const reason =
    failure.kind === 'error'
      ? [failure.error.type, failure.error.message].filter((part) => part !== '').join(': ')
      : failure.kind === 'span'
        ? failure.span.statusMessage || failure.span.name
        : failure.log.body;
  return `${service || 'it'} failed with ${shortened(reason)} after ${lasted(BigInt(first.tsNs), endNs)}`;
}

/** Failures travel upwards: the failed span that began last is where it broke; without one, the first bad log. */
function deepestFailure(entries: readonly StoryEntry[]): StoryEntry | undefined {
  return (
    entries.findLast((entry) => entry.kind === 'span' && entry.span.status === 'error') ??
    entries.find((entry) => entry.kind === 'log' && (entry.log.severity === 'error' || entry.log.severity === 'fatal'))
  );
}

const lasted = (fromNs: bigint, toNs: bigint): string => formatDuration(Number(toNs - fromNs) / 1e6);
const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
};
