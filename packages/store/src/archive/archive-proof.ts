import type { KeyObject } from 'node:crypto';
import { LruCache, type Clock } from '@sightline/base';
import type { ArchiveProofs, ProvedDay, ProvedPeriod } from '../port/index.ts';
import { fingerprint } from './manifest.ts';
import type { ArchiveTarget } from './target.ts';
import { Turns } from './turns.ts';
import { verifyArchive } from './verify-archive.ts';

export interface ArchiveProofParts {
  readonly target: ArchiveTarget;
  /** Of the installation's own secrets, never of the archive: who forges it exchanges both. */
  readonly publicKey: KeyObject;
  readonly clock: Clock;
  /** Of files that one call reads; a day with more is never read here. Default 2 GiB. */
  readonly mostBytes?: number;
  /** No file is begun after this. Default 15,000. */
  readonly mostMs?: number;
}

const dayMs = 86_400_000;
const daysRemembered = 20_000;

/**
 * Proves days of an archive for a report, with the verification of `npm run verify`. Manifests, signatures and their chain are checked each
 * time; what a day's files gave is remembered for a day under the digest of its manifest.
 */
export class ArchiveProof implements ArchiveProofs {
  readonly #parts: ArchiveProofParts;
  readonly #known: LruCache<string, ProvedDay>;
  /** Two reports at once do not read the same files twice. */
  readonly #turns = new Turns();

  constructor(parts: ArchiveProofParts) {
    this.#parts = parts;
    this.#known = new LruCache(daysRemembered, dayMs, parts.clock);
  }

  prove(organisation: string, from: string, through: string, signal: AbortSignal): Promise<ProvedPeriod> {
    return this.#turns.take(() => this.#prove(organisation, from, through, signal));
  }

  async #prove(organisation: string, from: string, through: string, signal: AbortSignal): Promise<ProvedPeriod> {
    const { target, publicKey, clock, mostBytes = 2 * 1024 ** 3, mostMs = 15_000 } = this.#parts;
    const untilMs = clock.now() + mostMs;
    const days: ProvedDay[] = [];
    const unread: string[] = [];
    let readBytes = 0;
    const { faults } = await verifyArchive({
      target,
      publicKey,
      only: {
        organisation,
        from,
        through,
        readsFiles: (day, manifest, bytes) => {
          const known = this.#known.get(`${organisation}/${day}/${manifest}`);
          if (known) days.push(known);
          else if (signal.aborted || clock.now() >= untilMs || readBytes + bytes > mostBytes) unread.push(day);
          else {
            readBytes += bytes;
            return true;
          }
          return false;
        },
        checked: (day, manifest, counts) => {
          const proved: ProvedDay = { day, manifest, at: clock.now(), ...counts };
          this.#known.set(`${organisation}/${day}/${manifest}`, proved);
          days.push(proved);
        },
      },
    });
    return { key: fingerprint(publicKey), faults, days, unread };
  }
}
