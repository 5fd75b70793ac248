import type { Player } from './player.ts';
import { isDrawn, type Recorded } from './steps.ts';
import type { Recording } from './use-recording.ts';
import { VideoPlayer } from './video-player.ts';

type PlayerCode = typeof import('./player.ts');

/** The player as the page shows it. */
export interface PlaybackState {
  /** The first page can be seen. */
  readonly ready: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly playing: boolean;
  /** Of the recorded window, px. */
  readonly size: { readonly width: number; readonly height: number } | undefined;
  /** Why nothing can be played; '' otherwise. */
  readonly fault: string;
}

const tickMs = 100;

/**
 * Plays a recording while its segments come, beginning at `beginAt` (ms since the epoch; 0 for its start). What is asked for and
 * has not come yet is gone to once it has.
 */
export class Playback {
  #state: PlaybackState;
  readonly #replay: string;
  #code: PlayerCode | undefined;
  #player: Player | VideoPlayer | undefined;
  #root: HTMLElement | null = null;
  #recording: Recording = { parts: [], whole: false, faults: [] };
  /** How many parts the player has. */
  #given = 0;
  #wanted: number;
  /** Its end was reached while more was on its way. */
  #starved = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(replay: string, beginAt: number) {
    this.#replay = replay;
    this.#wanted = beginAt;
    this.#state = { ready: false, now: beginAt, playing: false, size: undefined, fault: '' };
    import('./player.ts').then(
      (code) => {
        this.#code = code;
        this.#begin();
      },
      () => this.#tell({ fault: 'The player could not be loaded. Load the page again.' }),
    );
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): PlaybackState => this.#state;

  /** Where the recorded page is drawn; null ends the player. */
  readonly attach = (root: HTMLElement | null): void => {
    this.#root = root;
    if (root) this.#begin();
    else this.#end();
  };

  /** The recording as far as it has come. */
  give(recording: Recording): void {
    this.#recording = recording;
    if (!this.#player) {
      this.#begin();
      return;
    }
    const player = this.#player;
    const before = player.lastAt;
    for (const part of recording.parts.slice(this.#given)) player.add(part);
    this.#given = recording.parts.length;
    const more = player.lastAt > before;
    if (more && this.#wanted > before) this.#stand(this.#wanted);
    else if (more && this.#starved) player.play(before);
    if (more) this.#starved = false;
    if (this.#starved && recording.whole) this.#run(false);
  }

  readonly play = (): void => {
    const player = this.#player;
    if (!player) return;
    const atEnd = this.#recording.whole && player.now() >= player.lastAt;
    this.#wanted = 0;
    player.play(atEnd ? player.startAt : player.now());
    this.#run(true);
  };

  /** Answers the moment at which it stands. */
  readonly pause = (): number => {
    const at = this.#player?.now() ?? this.#wanted;
    this.#player?.pause(at);
    this.#run(false);
    return at;
  };

  readonly seek = (at: number): void => {
    this.#wanted = at;
    this.#stand(at);
  };

  readonly setSpeed = (speed: number): void => this.#player?.setSpeed(speed);
  readonly setSkipIdle = (skip: boolean): void => this.#player?.setSkipIdle(skip);

  #begin(): void {
    const from = this.#recording.parts.findIndex(isDrawn);
    const first = this.#recording.parts[from];
    if (!this.#root || !first || this.#player || this.#state.fault !== '') return;
    try {
      this.#player = this.#open(this.#root, first);
    } catch (error) {
      this.#tell({ fault: error instanceof Error ? error.message : 'The recording cannot be played.' });
      return;
    }
    if (!this.#player) return;
    this.#given = from + 1;
    // The first page is drawn by itself; another moment has to be gone to.
    if (this.#wanted > this.#player.startAt) this.#player.pause(this.#wanted);
    this.#tell({ ready: true, now: this.#player.now() });
    this.give(this.#recording);
  }

  /** A page or an app's screen; undefined while the player's code is on its way. */
  #open(root: HTMLElement, { clips, played }: Recorded): Player | VideoPlayer | undefined {
    const onSize = (width: number, height: number): void => this.#tell({ size: { width, height } });
    const onEnd = (): void => {
      if (this.#recording.whole) this.#run(false);
      else this.#starved = true;
    };
    if (clips.length > 0) return new VideoPlayer({ root, replay: this.#replay, clips, events: played, onSize, onEnd });
    return this.#code && new this.#code.Player({ root, events: played, onSize, onEnd });
  }

  #end(): void {
    this.#run(false);
    this.#player?.close();
    this.#player = undefined;
    this.#tell({ ready: false });
  }

  #stand(at: number): void {
    const player = this.#player;
    if (!player) return;
    if (this.#state.playing) player.play(at);
    else player.pause(at);
    this.#tell({ now: player.now() });
  }

  #run(playing: boolean): void {
    clearInterval(this.#timer);
    this.#timer = playing ? setInterval(() => this.#tell({}), tickMs) : undefined;
    this.#tell({ playing });
  }

  #tell(change: Partial<PlaybackState>): void {
    this.#state = { ...this.#state, now: this.#player?.now() ?? this.#state.now, ...change };
    for (const listener of this.#listeners) listener();
  }
}
