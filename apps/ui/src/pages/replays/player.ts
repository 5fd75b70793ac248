import { Replayer } from 'rrweb';
import 'rrweb/dist/style.css';
import type { PlayedEvent, Recorded } from './steps.ts';

/** How a recording is played. */
export interface PlayerOptions {
  /** Where the recorded page is drawn. */
  readonly root: HTMLElement;
  /** The first segment: its first events are the page as it was. */
  readonly events: readonly PlayedEvent[];
  /** The recorded window has this size now, px. */
  readonly onSize: (width: number, height: number) => void;
  /** The end of what was given so far is reached. */
  readonly onEnd: () => void;
}

/**
 * rrweb's player with times in ms since the epoch. The recorded page lies in a frame whose sandbox runs no scripts and, by our
 * page's policy, loads nothing from elsewhere. Throws where the events hold no page.
 */
export class Player {
  readonly startAt: number;
  readonly #replayer: Replayer;
  #lastAt: number;

  constructor({ root, events, onSize, onEnd }: PlayerOptions) {
    const own = playable(events);
    this.startAt = own[0]?.timestamp ?? 0;
    this.#lastAt = own.at(-1)?.timestamp ?? 0;
    this.#replayer = new Replayer(own, {
      root,
      showWarning: false,
      skipInactive: true,
      mouseTail: false,
      useVirtualDom: true,
    });
    const { iframe } = this.#replayer;
    iframe.title = 'Recorded page';
    iframe.tabIndex = -1;
    this.#replayer.on('resize', (size) => {
      const { width, height } = size as { width: number; height: number };
      onSize(width, height);
    });
    this.#replayer.on('finish', onEnd);
  }

  /** The last moment that can be played, ms since the epoch. */
  get lastAt(): number {
    return this.#lastAt;
  }

  /** A later segment, while playing or not. */
  add({ played }: Pick<Recorded, 'played'>): void {
    for (const event of playable(played)) {
      this.#lastAt = Math.max(this.#lastAt, event.timestamp);
      this.#replayer.addEvent(event);
    }
  }

  now(): number {
    return Math.min(Math.max(this.startAt, this.startAt + this.#replayer.getCurrentTime()), this.#lastAt);
  }

  play(at: number): void {
    this.#replayer.play(this.#offset(at));
  }

  pause(at: number): void {
    this.#replayer.pause(this.#offset(at));
  }

  setSpeed(speed: number): void {
    this.#replayer.setConfig({ speed });
  }

  setSkipIdle(skipInactive: boolean): void {
    this.#replayer.setConfig({ skipInactive });
  }

  close(): void {
    this.#replayer.destroy();
  }

  #offset(at: number): number {
    return Math.min(Math.max(at, this.startAt), this.#lastAt) - this.startAt;
  }
}

/** In the order of time; of their own, as the player writes to them. */
function playable(events: readonly PlayedEvent[]): PlayedEvent[] {
  return events.map((event) => ({ ...event })).toSorted((a, b) => a.timestamp - b.timestamp);
}
