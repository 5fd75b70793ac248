import { pathOf } from './words.ts';

/** What can be told of a moment in a recording. */
export type StepKind = 'error' | 'rage' | 'dead' | 'click' | 'navigation' | 'network' | 'console' | 'log' | 'span';

/** One line of the time line beside the player. */
export interface Step {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: StepKind;
  readonly text: string;
  readonly detail: string;
  /** It went wrong: a request that failed, an error on the console. */
  readonly bad: boolean;
  /** Read from the recording: what the SDK tells of the same moment comes before it. */
  readonly seen?: true;
}

/** An event that the player plays: it alone knows what stands in `data`. */
export interface PlayedEvent {
  readonly type: number;
  readonly timestamp: number;
  readonly data: unknown;
}

/** One segment, apart: what is played, and what is told beside it. */
export interface Recorded {
  readonly played: readonly PlayedEvent[];
  readonly steps: readonly Step[];
  /** Clips that a mobile SDK recorded instead of a page. */
  readonly clips: readonly Clip[];
}

/** Some seconds of an app's screen as a video of its own. */
export interface Clip {
  readonly segment: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
  /** Of the picture, px. */
  readonly width: number;
  readonly height: number;
}

/** rrweb's number for events that an SDK adds for itself. */
const customEvent = 5;
const rageClicks = 3;
/** Longest pause between two clicks of one burst. */
const rageGapMs = 500;
/** So far apart tell the SDK and the recording of one burst. */
const sameBurstMs = 2000;
const rageAcrossPx = 40;
/** So far apart the SDK tells twice of one change of the page. */
const samePageMs = 500;

/** True where the page as it was is among the events: without it there is nothing to draw on. */
function holdsPage(events: readonly PlayedEvent[]): boolean {
  return events.length >= 2 && events.some(({ type }) => type === 2);
}

/** True where there is something to look at: a page, or an app's screen. */
export const isDrawn = ({ played, clips }: Recorded): boolean => clips.length > 0 || holdsPage(played);

type Json = Readonly<Record<string, unknown>>;

/**
 * Parts the events of a segment: rrweb's own are played; the SDK's breadcrumbs and performance spans become steps. The SDK gives
 * the latter times in seconds, so that they must not reach the player. What is of no known form is left out.
 */
export function readRecorded(events: readonly unknown[]): Recorded {
  const played: PlayedEvent[] = [];
  const steps: Step[] = [];
  const clips: Clip[] = [];
  for (const event of events) {
    const { type, timestamp, data } = objectOf(event);
    if (typeof type !== 'number' || typeof timestamp !== 'number' || !Number.isFinite(timestamp)) continue;
    if (type !== customEvent) {
      played.push({ type, timestamp, data });
      continue;
    }
    const { tag, payload } = objectOf(data);
    const clip = tag === 'video' ? clipOf(objectOf(payload), timestamp) : undefined;
    if (clip) clips.push(clip);
    const step =
      tag === 'breadcrumb'
        ? ofBreadcrumb(objectOf(payload))
        : tag === 'performanceSpan'
          ? ofSpan(objectOf(payload))
          : undefined;
    if (step) steps.push(step);
  }
  return { played, steps: toldOnce([...steps, ...rageIn(played)].toSorted((a, b) => a.at - b.at)), clips };
}

/**
 * Without the bursts of clicks that the SDK told too (its note may stand in the segment after the clicks), and with each change of the page
 * once: the SDK tells it as a breadcrumb and as a span.
 */
export function toldOnce<One extends Step>(steps: readonly One[]): readonly One[] {
  const told = steps.filter(({ kind, seen }) => kind === 'rage' && seen === undefined);
  let page: One | undefined;
  return steps.filter((step) => {
    if (step.kind === 'navigation') {
      const again =
        page !== undefined && pathOf(page.text) === pathOf(step.text) && Math.abs(step.at - page.at) < samePageMs;
      page = step;
      return !again;
    }
    return step.seen === undefined || !told.some(({ at }) => Math.abs(at - step.at) < sameBurstMs);
  });
}

/** The SDK's note on a video: https://develop.sentry.dev/sdk/telemetry/replays/#replay-video-envelope-item-payload */
function clipOf({ segmentId, duration, width, height }: Json, at: number): Clip | undefined {
  const [segment, durationMs] = [numberOf(segmentId), numberOf(duration)];
  const [w, h] = [numberOf(width) ?? 0, numberOf(height) ?? 0];
  if (segment === undefined || durationMs === undefined || segment < 0 || durationMs <= 0 || w <= 0 || h <= 0)
    return undefined;
  return { segment, at, durationMs, width: w, height: h };
}

/** Clicks on one spot in quick succession, where the SDK itself told nothing of them. */
function rageIn(events: readonly PlayedEvent[]): Step[] {
  const clicks = events.flatMap(({ type, timestamp, data }) => {
    const { source, type: kind, x, y } = objectOf(data);
    // An incremental snapshot (3) of the mouse (2): a click (2).
    const isClick = type === 3 && source === 2 && kind === 2;
    return isClick ? [{ at: timestamp, x: numberOf(x) ?? 0, y: numberOf(y) ?? 0 }] : [];
  });
  const bursts: (typeof clicks)[] = [];
  for (const click of clicks) {
    const burst = bursts.at(-1);
    const [first, before] = [burst?.[0], burst?.at(-1)];
    const same =
      first &&
      before &&
      click.at - before.at <= rageGapMs &&
      Math.hypot(click.x - first.x, click.y - first.y) <= rageAcrossPx;
    if (same) burst?.push(click);
    else bursts.push([click]);
  }
  return bursts.flatMap((burst) => {
    const [first] = burst;
    if (!first || burst.length < rageClicks) return [];
    return [
      { at: first.at, kind: 'rage', text: `${burst.length} clicks on one spot`, detail: '', bad: true, seen: true },
    ];
  });
}

function ofBreadcrumb({ timestamp, category, message, level, data }: Json): Step | undefined {
  const seconds = numberOf(timestamp);
  if (seconds === undefined || typeof category !== 'string') return undefined;
  const told = objectOf(data);
  const base = { at: seconds * 1000, text: textOf(message), detail: '', bad: false };
  const clicks = numberOf(told['clickCount']) ?? 1;
  switch (category) {
    case 'ui.click':
    case 'ui.tap':
      return { ...base, kind: 'click' };
    case 'ui.multiClick':
      return clicks < rageClicks ? undefined : { ...base, kind: 'rage', detail: `${clicks} clicks`, bad: true };
    case 'ui.slowClickDetected': {
      const waited = `after ${((numberOf(told['timeAfterClickMs']) ?? 0) / 1000).toFixed(1)} s`;
      if (clicks >= rageClicks) return { ...base, kind: 'rage', detail: `${clicks} clicks`, bad: true };
      return told['endReason'] === 'timeout'
        ? { ...base, kind: 'dead', detail: `nothing happened ${waited}`, bad: true }
        : { ...base, kind: 'click', detail: `the page changed only ${waited}` };
    }
    case 'navigation':
      return { ...base, kind: 'navigation', text: textOf(told['to']) || base.text };
    case 'console':
      return { ...base, kind: 'console', detail: textOf(level), bad: level === 'error' };
    default:
      // What people add themselves; the SDK's notes on itself tell nobody anything.
      return /^(?:ui|replay|sentry)\./.test(category) || base.text === ''
        ? undefined
        : { ...base, kind: 'console', detail: category, bad: level === 'error' };
  }
}

function ofSpan({ op, description, startTimestamp, endTimestamp, data }: Json): Step | undefined {
  const seconds = numberOf(startTimestamp);
  if (seconds === undefined || typeof op !== 'string') return undefined;
  const base = { at: seconds * 1000, text: textOf(description), detail: '', bad: false };
  if (op.startsWith('navigation.')) return { ...base, kind: 'navigation' };
  if (op !== 'resource.fetch' && op !== 'resource.xhr') return undefined;
  const { method, statusCode } = objectOf(data);
  const status = numberOf(statusCode) ?? 0;
  const tookMs = Math.round(((numberOf(endTimestamp) ?? seconds) - seconds) * 1000);
  return {
    ...base,
    kind: 'network',
    text: `${textOf(method) || 'GET'} ${base.text}`,
    detail: `${status === 0 ? 'no answer' : status}, ${tookMs} ms`,
    bad: status === 0 || status >= 400,
  };
}

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 2000) : '');
