import type { Clock } from '@sightline/base';

export interface FloodLimits {
  /** Frames that may come at once, and how many a second after that. */
  readonly frames: number;
  readonly framesPerS: number;
  /** The same in bytes. */
  readonly bytes: number;
  readonly bytesPerS: number;
}

/** An agent sends a frame every few seconds besides answers, which do not count. Only a broken or stolen one exceeds these. */
export const defaultFloodLimits: FloodLimits = {
  frames: 400,
  framesPerS: 20,
  bytes: 16 * 1024 * 1024,
  bytesPerS: 256 * 1024,
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

  /** Takes back what a frame cost that we had asked for: its amount is bounded by the request. */
  refund(sizeBytes: number): void {
    this.#frames += 1;
    this.#bytes += sizeBytes;
  }
}
