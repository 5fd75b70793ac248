import { hash } from 'node:crypto';
import type { Frame } from '../../protocol.ts';

/** Clients that name their documents send them again within seconds. */
const keptMs = 10 * 60_000;
const idsPerOrganisation = 50_000;
const organisationsAtMost = 10;

interface Given {
  readonly document: string;
  readonly untilMs: number;
}

/** What one request asks of the memory, and adds to it once it is stored. */
export interface GivenHere {
  /** Whether a document of this id was taken lately or with this request, and then whether it was these bytes. */
  find(index: string, id: string, document: Uint8Array): 'new' | 'same' | 'other';
  /** A document of this id is taken. */
  take(index: string, id: string, document: Uint8Array): void;
  /** To be done once what was taken is durable: before that, its client would be right to send it again. */
  settle(frames: readonly Frame[]): void;
}

/**
 * Ids that clients gave their documents, of the last ten minutes, by organisation and index: 50,000 of each of the ten organisations that
 * sent some last, the oldest leaving first. So `create` of a document that is there is a conflict, and one that was sent again because
 * its answer was lost is stored once. A restart forgets.
 */
export class GivenIds {
  readonly #organisations = new Map<string, Map<string, Given>>();
  readonly #settling = new WeakMap<readonly Frame[], () => void>();

  here(organisation: string, nowMs: number): GivenHere {
    const before = this.#organisations.get(organisation);
    const own = new Map<string, Given>();
    return {
      find: (index, id, document) => {
        if (!before && own.size === 0) return 'new';
        const key = keyOf(index, id);
        const known = own.get(key) ?? before?.get(key);
        if (known === undefined || known.untilMs <= nowMs) return 'new';
        return known.document === digest(document) ? 'same' : 'other';
      },
      take: (index, id, document) => {
        if (own.size < idsPerOrganisation)
          own.set(keyOf(index, id), { document: digest(document), untilMs: nowMs + keptMs });
      },
      settle: (frames) => {
        if (own.size > 0) this.#settling.set(frames, () => this.#add(organisation, own));
      },
    };
  }

  /** What was taken with these frames is durable. */
  stored(frames: readonly Frame[]): void {
    this.#settling.get(frames)?.();
    this.#settling.delete(frames);
  }

  #add(organisation: string, own: ReadonlyMap<string, Given>): void {
    const given = this.#organisations.get(organisation) ?? new Map<string, Given>();
    // Those that sent last stand last.
    this.#organisations.delete(organisation);
    this.#organisations.set(organisation, given);
    for (const [key, one] of own) {
      given.delete(key);
      given.set(key, one);
    }
    dropOldest(given, idsPerOrganisation);
    dropOldest(this.#organisations, organisationsAtMost);
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}

const digest = (bytes: Uint8Array): string => hash('sha1', bytes, 'base64').slice(0, 16);
const keyOf = (index: string, id: string): string => hash('sha1', `${index}\0${id}`, 'base64').slice(0, 16);
