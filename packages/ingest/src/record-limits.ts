/** Records of each signal that may come in a minute. */
export type RecordLimits = Readonly<Record<string, number>>;

/** What an installation's people set: for a key, and for all keys of its organisation together. */
export interface SetLimits {
  readonly organisation: RecordLimits;
  readonly key: RecordLimits;
}

/** What an organisation may send in a minute where it set nothing else, so that one loud program cannot crowd out errors: the disk and the spool are shared. */
export const defaultRecordLimits: RecordLimits = {
  attachments: 6000,
  replays: 30_000,
  profiles: 12_000,
  checks: 30_000,
};

/** That no more may come now: how long to wait, and whose limit was met. */
export interface Held {
  readonly signal: string;
  readonly records: number;
  readonly waitS: number;
  readonly of: 'organisation' | 'key';
  readonly limit: number;
}

const countsLimit = 20_000;
const minuteMs = 60_000;
const nothingSet: SetLimits = { organisation: {}, key: {} };

interface Count {
  minute: number;
  records: number;
}

/**
 * Counts what organisations and keys send to this process, minute by minute. What comes while there is room passes whole, so that a limit
 * below the size of one request does not keep it out for ever.
 */
export class RecordGate {
  readonly #defaults: RecordLimits;
  readonly #counts = new Map<string, Count>();

  constructor(defaults: RecordLimits = defaultRecordLimits) {
    this.#defaults = defaults;
  }

  /** Whether these records may pass at this moment; what holds them back where they may not. */
  ask(
    scope: { readonly organisation: string; readonly keyId: string },
    { signal, records }: { readonly signal: string; readonly records: number },
    atMs: number,
    set: SetLimits = nothingSet,
  ): Held | undefined {
    const whole = set.organisation[signal] ?? this.#defaults[signal];
    const own = set.key[signal];
    if (whole === undefined && own === undefined) return undefined;
    const minute = Math.floor(atMs / minuteMs);
    const waitS = Math.max(1, Math.ceil(((minute + 1) * minuteMs - atMs) / 1000));
    const ofAll = this.#count(`${scope.organisation} ${signal}`, minute);
    const ofKey = this.#count(`${scope.organisation} ${scope.keyId} ${signal}`, minute);
    if (own !== undefined && ofKey.records >= own) return { signal, records, waitS, of: 'key', limit: own };
    if (whole !== undefined && ofAll.records >= whole)
      return { signal, records, waitS, of: 'organisation', limit: whole };
    ofAll.records += records;
    ofKey.records += records;
    return undefined;
  }

  #count(name: string, minute: number): Count {
    const known = this.#counts.get(name);
    if (known?.minute === minute) return known;
    if (this.#counts.size >= countsLimit) this.#counts.clear();
    const count = { minute, records: 0 };
    this.#counts.set(name, count);
    return count;
  }
}

/** For the client and the ledger page. */
export function heldMessage({ signal, of, limit }: Held): string {
  return `more ${signal} than the ${limit.toLocaleString('en-US')} a minute that ${of === 'key' ? 'this key' : 'the organisation'} may send`;
}
