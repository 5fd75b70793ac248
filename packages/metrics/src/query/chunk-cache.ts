/**
 * Chunks of closed blocks that were read before, as compressed as they came: one ring of bytes, the oldest overwritten, and a table
 * of places in it. The ring is a file without a name: what of it is in memory is the system's page cache, which gives way when somebody
 * needs the room, and nothing is left when the process ends.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Content of a block of a series, about. */
const usualBytes = 600;
/**
 * Places of blocks lie in buckets. Each block has two, and is put where more places are free: so nearly each finds one as long as `fullest` of all are taken. A day of a
 * series is read from the engine again when one of its twelve blocks found none.
 */
const bucketSlots = 8;
const fullest = 0.75;
/** Bytes that are gathered before they are written. */
const gatheredBytes = 256 * 1024;
/** What is read at once where reads follow each other through the file, and how far behind the one before such a read may begin. */
const windowBytes = 64 * 1024;
const strideBytes = 16 * 1024;
/** Readable bytes behind what was read: chunks are read by words. */
const slackBytes = 8;

let files = 0;

/** The place, plus one, counted from the beginning of time, in two words; 0 where there never was content. */
const words = {
  fpLow: 0,
  fpHigh: 1,
  organisation: 2,
  block: 3,
  changes: 4,
  length: 5,
  placeLow: 6,
  placeHigh: 7,
} as const;
const slotWords = 8;

export class ChunkCache {
  readonly #capacity: number;
  readonly #buckets: number;
  /** Eight words for each block that is known, together in one line of the processor's cache; `words` says which. */
  readonly #table: Uint32Array;
  readonly #organisations = new Map<string, number>();
  /** Undefined where the file cannot be used (any more): nothing is kept then. */
  #fd: number | undefined;
  /** Where the next content is written. What lies further back than the ring is long is gone. */
  #end = 0;
  /** Up to here the ring is in the file; what follows is in `#gathered`. */
  #written = 0;
  readonly #gathered: Buffer;
  /** Part of the ring, made when first needed: its places `#windowFrom` to `#windowTo`. What lies at a place never changes. */
  #window: Uint8Array | undefined;
  #windowFrom = 0;
  #windowTo = 0;
  /** Where the read before ended. */
  #readTo = 0;
  /** Content of the series that was read last. */
  bytes = new Uint8Array(16_384);

  constructor(sizeBytes: number, folder = tmpdir()) {
    this.#capacity = sizeBytes;
    this.#buckets = Math.max(8, Math.ceil(sizeBytes / usualBytes / fullest / bucketSlots));
    this.#table = new Uint32Array(this.#buckets * bucketSlots * slotWords);
    this.#gathered = Buffer.allocUnsafe(Math.min(gatheredBytes, sizeBytes));
    this.#fd = opened(path.join(folder, `chunks-${process.pid}-${performance.now().toString(36)}-${files++}.cache`));
  }

  /** A number for the organisation, for the other methods. */
  organisation(name: string): number {
    const known = this.#organisations.get(name);
    if (known !== undefined) return known;
    this.#organisations.set(name, this.#organisations.size);
    return this.#organisations.size - 1;
  }

  /**
   * Reads the content of a series' blocks `first` to `last` into `bytes`, as it was when each block had its number of changes. Returns its
   * length; -1 where not all of it is known.
   */
  read(
    organisation: number,
    fpLow: number,
    fpHigh: number,
    first: number,
    last: number,
    changesOf: (block: number) => number,
  ): number {
    let length = 0;
    let from = 0;
    let to = 0;
    for (let block = first; block <= last; block++) {
      const slot = this.#slotOf(organisation, fpLow, fpHigh, block);
      if (slot < 0 || this.#table[slot + words.changes] !== changesOf(block)) return -1;
      const size = this.#table[slot + words.length] ?? 0;
      const place = this.#placeAt(slot);
      if (size === 0) continue;
      // Blocks that lie behind each other are read at once.
      if (place !== to || place % this.#capacity === 0) {
        length = this.#fetch(from, to, length);
        if (length < 0) return -1;
        from = place;
      }
      to = place + size;
    }
    return this.#fetch(from, to, length);
  }

  /** Keeps `content`, unless it is longer than a sixteenth of the cache. */
  put(organisation: number, fpLow: number, fpHigh: number, block: number, changes: number, content: Uint8Array): void {
    const { length } = content;
    const capacity = this.#capacity;
    if (length > capacity / 16 || length > this.#gathered.length || this.#fd === undefined) return;
    // Content never goes round the end.
    const round = (this.#end % capacity) + length > capacity;
    if (round || this.#end - this.#written + length > this.#gathered.length) this.#write();
    if (round) this.#written = this.#end += capacity - (this.#end % capacity);
    const place = this.#end;
    this.#gathered.set(content, place - this.#written);
    this.#end += length;
    const slot = this.#slotFor(organisation, fpLow, fpHigh, block);
    const table = this.#table;
    table[slot + words.fpLow] = fpLow;
    table[slot + words.fpHigh] = fpHigh;
    table[slot + words.organisation] = organisation;
    table[slot + words.block] = block;
    table[slot + words.changes] = changes;
    table[slot + words.length] = length;
    table[slot + words.placeLow] = (place + 1) % 2 ** 32;
    table[slot + words.placeHigh] = (place + 1) / 2 ** 32;
  }

  /** Gives the file back. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#table.fill(0);
  }

  /** Brings places `from` to `to` behind `length` bytes; the answer is the length then, -1 where they cannot be read. */
  #fetch(from: number, to: number, length: number): number {
    const size = to - from;
    if (size === 0) return length;
    if (to > this.#written) this.#write();
    if (this.#fd === undefined) return -1;
    if (length + size + slackBytes > this.bytes.length) {
      const wider = new Uint8Array(2 * (length + size + slackBytes));
      wider.set(this.bytes.subarray(0, length));
      this.bytes = wider;
    }
    const follows = from >= this.#readTo && from - this.#readTo < strideBytes && size < windowBytes / 4;
    this.#readTo = to;
    try {
      if (follows && (from < this.#windowFrom || to > this.#windowTo)) this.#readWindow(this.#fd, from);
      if (from >= this.#windowFrom && to <= this.#windowTo) {
        const window = this.#window?.subarray(from - this.#windowFrom, to - this.#windowFrom);
        if (window) this.bytes.set(window, length);
        return length + size;
      }
      if (readSync(this.#fd, this.bytes, length, size, from % this.#capacity) === size) return length + size;
    } catch {
      // As below.
    }
    this.close();
    return -1;
  }

  /** Questions for one block of many series pass through the file: one read for some ten of them, of which most is not theirs, costs less than ten reads. */
  #readWindow(fd: number, from: number): void {
    const window = (this.#window ??= new Uint8Array(windowBytes));
    const start = from % this.#capacity;
    const length = Math.min(windowBytes, this.#written - from, this.#capacity - start);
    this.#windowFrom = from;
    this.#windowTo = from + readSync(fd, window, 0, length, start);
  }

  #write(): void {
    const length = this.#end - this.#written;
    const at = this.#written % this.#capacity;
    this.#written = this.#end;
    if (length === 0 || this.#fd === undefined) return;
    try {
      if (writeSync(this.#fd, this.#gathered, 0, length, at) === length) return;
    } catch {
      // A full disk is no reason not to answer: chunks are read from the engine then.
    }
    this.close();
  }

  /** Where the block's words begin; -1 where it is not known. */
  #slotOf(organisation: number, fpLow: number, fpHigh: number, block: number): number {
    const hash = hashOf(organisation, fpLow, fpHigh, block);
    const [first, second] = [this.#bucketOf(hash), this.#bucketOf(otherHash(hash))];
    const found = this.#find(first, organisation, fpLow, fpHigh, block);
    return found >= 0 ? found : this.#find(second, organisation, fpLow, fpHigh, block);
  }

  #find(bucket: number, organisation: number, fpLow: number, fpHigh: number, block: number): number {
    for (let slot = bucket; slot < bucket + bucketSlots * slotWords; slot += slotWords)
      if (this.#is(slot, organisation, fpLow, fpHigh, block) && this.#isLive(slot)) return slot;
    return -1;
  }

  /** Where its words may be put: a place whose content is gone, or the one with the oldest content. */
  #slotFor(organisation: number, fpLow: number, fpHigh: number, block: number): number {
    const known = this.#slotOf(organisation, fpLow, fpHigh, block);
    if (known >= 0) return known;
    const hash = hashOf(organisation, fpLow, fpHigh, block);
    const [first, second] = [this.#bucketOf(hash), this.#bucketOf(otherHash(hash))];
    const [a, b] = [this.#oldest(first), this.#oldest(second)];
    if (!this.#isLive(a) && !this.#isLive(b)) return this.#liveIn(first) <= this.#liveIn(second) ? a : b;
    return this.#placeAt(a) <= this.#placeAt(b) ? a : b;
  }

  #oldest(bucket: number): number {
    let oldest = bucket;
    for (let slot = bucket; slot < bucket + bucketSlots * slotWords; slot += slotWords)
      if (this.#placeAt(slot) < this.#placeAt(oldest)) oldest = slot;
    return oldest;
  }

  #liveIn(bucket: number): number {
    let live = 0;
    for (let slot = bucket; slot < bucket + bucketSlots * slotWords; slot += slotWords) if (this.#isLive(slot)) live++;
    return live;
  }

  #bucketOf(hash: number): number {
    return (hash % this.#buckets) * bucketSlots * slotWords;
  }

  /** Counted from the beginning of time; -1 where there never was content. */
  #placeAt(slot: number): number {
    return (this.#table[slot + words.placeHigh] ?? 0) * 2 ** 32 + (this.#table[slot + words.placeLow] ?? 0) - 1;
  }

  #isLive(slot: number): boolean {
    const place = this.#placeAt(slot);
    return place >= 0 && place >= this.#end - this.#capacity;
  }

  #is(slot: number, organisation: number, fpLow: number, fpHigh: number, block: number): boolean {
    const table = this.#table;
    return (
      table[slot + words.fpLow] === fpLow &&
      table[slot + words.block] === block >>> 0 &&
      table[slot + words.fpHigh] === fpHigh &&
      table[slot + words.organisation] === organisation
    );
  }
}

function hashOf(organisation: number, fpLow: number, fpHigh: number, block: number): number {
  let hash = Math.imul(fpLow ^ Math.imul(block, 0x9e3779b1), 0x85ebca6b) ^ fpHigh;
  hash = Math.imul(hash ^ (hash >>> 15) ^ organisation, 0xc2b2ae35);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function otherHash(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** A file that has no name any more; undefined where none can be made. */
function opened(file: string): number | undefined {
  try {
    const fd = openSync(file, 'wx+', 0o600);
    unlinkSync(file);
    return fd;
  } catch {
    return undefined;
  }
}
