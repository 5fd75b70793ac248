import { replayVideoPath } from '@sightline/contract';
import { addressOf } from '../../data/call.ts';
import type { Clip, PlayedEvent, Recorded } from './steps.ts';

/** How the clips of a session are played. */
export interface VideoOptions {
  readonly root: HTMLElement;
  readonly replay: string;
  readonly clips: readonly Clip[];
  /** Where fingers touched: rrweb's events of the SDK. */
  readonly events: readonly PlayedEvent[];
  readonly onSize: (width: number, height: number) => void;
  /** The end of what was given so far is reached. */
  readonly onEnd: () => void;
}

interface Touch {
  readonly at: number;
  readonly x: number;
  readonly y: number;
}

/** A touch is drawn for so long. */
const touchShownMs = 400;
const tickMs = 50;
/** The next clip is asked for so long before the end of the one that plays. */
const preloadMs = 2000;

/**
 * Plays the clips of a mobile session one after the other, as rrweb's player plays pages: times in ms since the epoch, gaps between
 * clips are passed in their own time, or at once where idle time is skipped. Two video elements take turns, so that the next clip is
 * there when it is needed.
 */
export class VideoPlayer {
  readonly startAt: number;
  readonly #options: VideoOptions;
  #clips: readonly Clip[];
  #touches: readonly Touch[];
  readonly #videos: readonly [HTMLVideoElement, HTMLVideoElement];
  readonly #dot: HTMLElement;
  /** Which of the two shows, and which clip each holds. */
  #front = 0;
  readonly #held: [number, number] = [-1, -1];
  #at: number;
  #playing = false;
  #speed = 1;
  #skipIdle = true;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tickedAt = 0;

  constructor(options: VideoOptions) {
    this.#options = options;
    this.#clips = inOrder(options.clips);
    this.#touches = touchesOf(options.events);
    this.startAt = this.#clips[0]?.at ?? 0;
    this.#at = this.startAt;
    const { root } = options;
    const video = (): HTMLVideoElement => {
      const made = root.ownerDocument.createElement('video');
      made.muted = true;
      made.playsInline = true;
      made.preload = 'auto';
      made.className = 'replay-video';
      made.setAttribute('aria-label', 'Recorded screen');
      root.append(made);
      return made;
    };
    this.#videos = [video(), video()];
    this.#dot = root.ownerDocument.createElement('div');
    this.#dot.className = 'replay-touch';
    this.#dot.hidden = true;
    root.append(this.#dot);
    this.#show();
  }

  get lastAt(): number {
    const last = this.#clips.at(-1);
    return last ? last.at + last.durationMs : this.startAt;
  }

  add({ clips, played }: Pick<Recorded, 'clips' | 'played'>): void {
    this.#clips = inOrder([...this.#clips, ...clips]);
    this.#touches = [...this.#touches, ...touchesOf(played)].toSorted((a, b) => a.at - b.at);
    this.#held[1 - this.#front] = -1;
  }

  now(): number {
    return this.#at;
  }

  play(at: number): void {
    this.#go(at);
    this.#playing = true;
    this.#tickedAt = performance.now();
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#show();
  }

  pause(at: number): void {
    this.#playing = false;
    clearInterval(this.#timer);
    this.#go(at);
    this.#show();
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
    for (const video of this.#videos) video.playbackRate = speed;
  }

  setSkipIdle(skip: boolean): void {
    this.#skipIdle = skip;
  }

  close(): void {
    clearInterval(this.#timer);
    for (const video of this.#videos) {
      video.pause();
      video.removeAttribute('src');
      video.remove();
    }
    this.#dot.remove();
  }

  #go(at: number): void {
    this.#at = Math.min(Math.max(at, this.startAt), this.lastAt);
    this.#show(true);
  }

  #tick(): void {
    const nowMs = performance.now();
    const passedMs = (nowMs - this.#tickedAt) * this.#speed;
    this.#tickedAt = nowMs;
    const clip = this.#clipAt(this.#at);
    const front = this.#videos[this.#front];
    // While a clip plays, the picture tells the time: a slow network holds both.
    const told =
      clip && front && !front.ended && front.readyState >= 2 ? clip.at + front.currentTime * 1000 : undefined;
    const waits = clip !== undefined && front !== undefined && front.readyState < 2;
    let next = told !== undefined && told > this.#at ? told : waits ? this.#at : this.#at + passedMs;
    if (clip === undefined && this.#skipIdle) next = this.#clips.find(({ at }) => at > this.#at)?.at ?? this.lastAt;
    this.#at = Math.min(next, this.lastAt);
    this.#show();
    if (this.#at >= this.lastAt) {
      this.#playing = false;
      clearInterval(this.#timer);
      this.#options.onEnd();
    }
  }

  #clipAt(at: number): Clip | undefined {
    return this.#clips.findLast((clip) => clip.at <= at && at < clip.at + clip.durationMs);
  }

  /** The picture and the touch of the moment; `exact` moves within a clip that shows already. */
  #show(exact = false): void {
    const index = this.#clips.findLastIndex(({ at }) => at <= this.#at);
    const clip = this.#clips[Math.max(0, index)];
    if (!clip) return;
    if (this.#held[this.#front] !== clip.segment) {
      if (this.#held[1 - this.#front] === clip.segment) this.#front = 1 - this.#front;
      else this.#load(this.#front, clip);
      this.#options.onSize(clip.width, clip.height);
      exact = true;
    }
    const front = this.#videos[this.#front];
    const back = this.#videos[1 - this.#front];
    if (!front || !back) return;
    front.style.visibility = 'visible';
    back.style.visibility = 'hidden';
    const within = Math.min(Math.max(0, this.#at - clip.at), clip.durationMs) / 1000;
    if (exact && Math.abs(front.currentTime - within) > 0.05) front.currentTime = within;
    const plays = this.#playing && this.#at < clip.at + clip.durationMs;
    if (plays && front.paused && !front.ended) void front.play().catch(() => undefined);
    if (!plays && !front.paused) front.pause();
    back.pause();
    const next = this.#clips[index + 1];
    if (next && this.#held[1 - this.#front] !== next.segment && next.at - this.#at < preloadMs + clip.durationMs)
      this.#load(1 - this.#front, next);
    this.#touch(clip);
  }

  #load(which: number, clip: Clip): void {
    const video = this.#videos[which === 0 ? 0 : 1];
    this.#held[which === 0 ? 0 : 1] = clip.segment;
    video.src = addressOf(replayVideoPath, { replay: this.#options.replay, segment: clip.segment });
    video.playbackRate = this.#speed;
    video.width = clip.width;
    video.height = clip.height;
  }

  #touch({ width, height }: Clip): void {
    const touch = this.#touches.findLast(({ at }) => at <= this.#at);
    const fresh = touch !== undefined && this.#at - touch.at < touchShownMs;
    this.#dot.hidden = !fresh;
    if (!touch) return;
    this.#dot.style.left = `${Math.min(Math.max(0, touch.x), width)}px`;
    this.#dot.style.top = `${Math.min(Math.max(0, touch.y), height)}px`;
  }
}

/** In the order of time, each once. */
function inOrder(clips: readonly Clip[]): Clip[] {
  return [...new Map(clips.map((clip) => [clip.segment, clip])).values()].toSorted((a, b) => a.at - b.at);
}

/** Fingers that came down (source 2, types 7 to 9) and moved (source 6), as rrweb numbers them. */
export function touchesOf(events: readonly PlayedEvent[]): Touch[] {
  const touches: Touch[] = [];
  for (const { type, timestamp, data } of events) {
    if (type !== 3 || typeof data !== 'object' || data === null) continue;
    const { source, x, y, positions } = data as Record<string, unknown>;
    if (source === 2 && typeof x === 'number' && typeof y === 'number') touches.push({ at: timestamp, x, y });
    if (source !== 6 || !Array.isArray(positions)) continue;
    for (const position of positions as unknown[]) {
      if (typeof position !== 'object' || position === null) continue;
      const { x: px, y: py, timeOffset } = position as Record<string, unknown>;
      if (typeof px !== 'number' || typeof py !== 'number') continue;
      touches.push({ at: timestamp + (typeof timeOffset === 'number' ? timeOffset : 0), x: px, y: py });
    }
  }
  return touches.toSorted((a, b) => a.at - b.at);
}
