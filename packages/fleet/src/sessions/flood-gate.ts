import type { Clock } from '@sightline/base';

export interface FloodLimits {
  /** Frames that may come at once, and how many a second after that. */
  readonly frames: number;
  readonly framesPerS: number;
  /** The same in bytes. */
  readonly bytes: number;
  readonly bytesPerS: number;
}

/** An agent sends a frame every few seconds; an answer of 8 MB is some 40 frames. Only a broken or stolen one exceeds these. */
export const defaultFloodLimits: FloodLimits = {
  frames: 400,
  framesPerS: 20,
  bytes: 48 * 1024 * 1024,
  bytesPerS: 1024 * 1024,
};

/** Two token buckets, frames and bytes, for one connection. */
export class FloodGate {
  readonly #limits: FloodLimits;
  readonly #clock: Clock;
  #frames: number;
  #bytes: number;
  #atMs: number;

  constructor(limits: FloodLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#frames = limits.frames;
    this.#bytes = limits.bytes;
    this.#atMs = clock.now();
  }

  /** False when this frame is one too many. */
  pass(sizeBytes: number): boolean {
    const now = this.#clock.now();
    const elapsedS = Math.max(0, now - this.#atMs) / 1000;
    this.#atMs = now;
    const { frames, framesPerS, bytes, bytesPerS } = this.#limits;
    this.#frames = Math.min(frames, this.#frames + elapsedS * framesPerS) - 1;
    this.#bytes = Math.min(bytes, this.#bytes + elapsedS * bytesPerS) - sizeBytes;
    return this.#frames >= 0 && this.#bytes >= 0;
  }
}
