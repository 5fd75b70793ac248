import { fail, ok, type Result } from '@sightline/base';

/** What one answer holds at most; beyond it samples are counted, not answered. */
export const sampleBounds = {
  samples: 100_000,
  frames: 50_000,
  stacks: 50_000,
  depth: 500,
  places: 2_000_000,
} as const;

/** A function as the client saw it. */
export interface SampledFrame {
  readonly function: string;
  /** Where it was loaded from: what a source map is found by. */
  readonly path: string;
  readonly file: string;
  readonly module: string;
  readonly line: number | null;
  readonly column: number | null;
  readonly inApp: boolean;
  readonly debugId: string;
}

/** Samples of one or more files, with everything they refer to once. */
export interface Samples {
  readonly threads: { readonly id: string; readonly name: string }[];
  readonly frames: SampledFrame[];
  /** The outermost call first. */
  readonly stacks: number[][];
  /** Thread, stack, start since `startMs` and length, microseconds. */
  readonly samples: [thread: number, stack: number, startUs: number, lengthUs: number][];
  readonly startMs: number;
  readonly endMs: number;
  readonly left: number;
}

/** One stored file: its bytes, and when its first sample was taken where it does not say so itself. */
export interface SampledFile {
  readonly content: Buffer;
  readonly atMs: number;
}

type Loose = Readonly<Record<string, unknown>>;
const empty: Loose = {};
const objectOf = (value: unknown): Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : empty;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown, limit: number): string =>
  typeof value === 'string' ? value.slice(0, limit) : typeof value === 'number' ? String(value) : '';
const numberOf = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
};
const countOf = (value: unknown): number | null => {
  const number = numberOf(value);
  return number !== undefined && Number.isInteger(number) && number >= 0 ? number : null;
};

interface Taken {
  readonly thread: string;
  readonly stack: number;
  readonly atMs: number;
}

/**
 * The samples of files of either version of Sentry's format (https://develop.sentry.dev/sdk/telemetry/profiles/), joined, between `sinceMs`
 * and `untilMs`. A sample lasts until the next of its thread and file; the last one as long as is usual. Refuses, in words, a file that
 * holds no samples in that form.
 */
export function readSamples(
  files: readonly SampledFile[],
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): Result<Samples, string> {
  const joined = new Joined();
  for (const { content, atMs } of files) {
    const read = parsed(content);
    if (!read) return fail('it is no JSON object');
    const profile = objectOf(read['profile']);
    if (!Array.isArray(profile['samples']) || !Array.isArray(profile['stacks']) || !Array.isArray(profile['frames'])) {
      return fail(
        typeof read['sampled_profile'] === 'string'
          ? 'it is a trace in the form of Android’s own profiler, which is kept and cannot be drawn'
          : 'it holds no list of samples, stacks and frames',
      );
    }
    joined.add(read, profile, { atMs, sinceMs, untilMs });
  }
  return ok(joined.finish());
}

function parsed(content: Buffer): Loose | undefined {
  try {
    const value: unknown = JSON.parse(content.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : undefined;
  } catch {
    return undefined;
  }
}

class Joined {
  readonly #threads = new Map<string, { id: string; name: string; active: boolean }>();
  readonly #frames: SampledFrame[] = [];
  readonly #frameAt = new Map<string, number>();
  readonly #stacks: number[][] = [];
  readonly #stackAt = new Map<string, number>();
  readonly #taken: { thread: string; stack: number; atMs: number; lengthMs: number }[] = [];
  #places = 0;
  #left = 0;

  add(read: Loose, profile: Loose, range: { atMs: number; sinceMs: number; untilMs: number }): void {
    const debugIds = debugIdsOf(read);
    const names = objectOf(profile['thread_metadata']);
    const transaction = objectOf(read['transaction'] ?? listOf(read['transactions'])[0]);
    const active = textOf(transaction['active_thread_id'], 64);
    const frames = listOf(profile['frames']);
    const stacks = listOf(profile['stacks']);
    const platform = textOf(read['platform'], 64);
    const known = new Map<number, number>();
    const stackOf = (index: number): number => {
      let at = known.get(index);
      if (at === undefined) {
        at = this.#stack(listOf(stacks[index]), (frame) => frameOf(objectOf(frames[frame]), debugIds, platform));
        known.set(index, at);
      }
      return at;
    };
    for (const [id, samples] of byThread(listOf(profile['samples']), range.atMs)) {
      const usualMs = usualInterval(samples);
      for (const [i, { stack, atMs }] of samples.entries()) {
        const next = samples[i + 1];
        const endMs = next ? next.atMs : atMs + usualMs;
        if (endMs <= range.sinceMs || atMs >= range.untilMs) continue;
        const at = this.#taken.length < sampleBounds.samples ? stackOf(stack) : -1;
        if (at < 0) {
          this.#left += 1;
          continue;
        }
        const from = Math.max(atMs, range.sinceMs);
        this.#taken.push({ thread: id, stack: at, atMs: from, lengthMs: Math.min(endMs, range.untilMs) - from });
      }
      const name = textOf(objectOf(names[id])['name'], 200);
      const before = this.#threads.get(id);
      this.#threads.set(id, {
        id,
        name: name === '' ? (before?.name ?? '') : name,
        active: id === active || before?.active === true,
      });
    }
  }

  /** Position of a stack, made where it is new; -1 where there is no room. Clients send the innermost call first. */
  #stack(places: readonly unknown[], read: (frame: number) => SampledFrame): number {
    const stack: number[] = [];
    for (const place of places.slice(-sampleBounds.depth).toReversed()) {
      const at = typeof place === 'number' ? this.#frame(read(place)) : -1;
      if (at < 0) return -1;
      stack.push(at);
    }
    const key = stack.join();
    const before = this.#stackAt.get(key);
    if (before !== undefined) return before;
    this.#places += stack.length;
    if (this.#stacks.length >= sampleBounds.stacks || this.#places > sampleBounds.places) return -1;
    this.#stackAt.set(key, this.#stacks.push(stack) - 1);
    return this.#stacks.length - 1;
  }

  #frame(frame: SampledFrame): number {
    const key = `${frame.function}\0${frame.path}\0${frame.module}\0${frame.line}\0${frame.column}`;
    const before = this.#frameAt.get(key);
    if (before !== undefined) return before;
    if (this.#frames.length >= sampleBounds.frames) return -1;
    this.#frameAt.set(key, this.#frames.push(frame) - 1);
    return this.#frames.length - 1;
  }

  finish(): Samples {
    const order = [...this.#threads.values()].toSorted(
      (a, b) => Number(b.active) - Number(a.active) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
    );
    const position = new Map(order.map(({ id }, index) => [id, index]));
    let [startMs, endMs] = [Infinity, 0];
    for (const { atMs, lengthMs } of this.#taken) {
      startMs = Math.min(startMs, atMs);
      endMs = Math.max(endMs, atMs + lengthMs);
    }
    if (startMs === Infinity) startMs = 0;
    const us = (ms: number): number => Math.round(ms * 1000);
    const samples = this.#taken.map(({ thread, stack, atMs, lengthMs }): Samples['samples'][number] => [
      position.get(thread) ?? 0,
      stack,
      us(atMs - startMs),
      us(atMs - startMs + lengthMs) - us(atMs - startMs),
    ]);
    samples.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
    return {
      threads: order.map(({ id, name }) => ({ id, name })),
      frames: this.#frames,
      stacks: this.#stacks,
      samples,
      startMs,
      endMs,
      left: this.#left,
    };
  }
}

/** Samples by thread in order of time. The first version counts from the profile's start, in nanoseconds; the second tells seconds since the epoch. */
function byThread(samples: readonly unknown[], atMs: number): Map<string, Taken[]> {
  const threads = new Map<string, Taken[]>();
  for (const value of samples) {
    const sample = objectOf(value);
    const stack = countOf(sample['stack_id']);
    const seconds = numberOf(sample['timestamp']);
    const elapsedNs = numberOf(sample['elapsed_since_start_ns']);
    if (stack === null || (seconds === undefined && elapsedNs === undefined)) continue;
    const thread = textOf(sample['thread_id'], 64);
    const taken = { thread, stack, atMs: seconds === undefined ? atMs + (elapsedNs ?? 0) / 1e6 : seconds * 1000 };
    const list = threads.get(thread);
    if (list) list.push(taken);
    else threads.set(thread, [taken]);
  }
  for (const list of threads.values()) list.sort((a, b) => a.atMs - b.atMs);
  return threads;
}

/** The median distance; 10 ms, at which SDKs sample, where there is but one sample. */
function usualInterval(samples: readonly Taken[]): number {
  const gaps = samples.slice(1).map(({ atMs }, i) => atMs - (samples[i]?.atMs ?? atMs));
  gaps.sort((a, b) => a - b);
  return gaps[gaps.length >> 1] ?? 10;
}

/** Debug ids by the address of the script they belong to. */
function debugIdsOf(read: Loose): ReadonlyMap<string, string> {
  const images = listOf(objectOf(read['debug_meta'])['images']).slice(0, 1000).map(objectOf);
  return new Map(images.map((image) => [textOf(image['code_file'], 2048), textOf(image['debug_id'], 64)]));
}

/** Code that no program wrote: the runtime's own, extensions of the browser, and what has no place at all. */
const foreign =
  /(?:^|[/\\])(?:node_modules|site-packages|dist-packages|vendor|gems)[/\\]|^node:|^(?:internal|native)\b|^<|-extension:|[/\\](?:lib|lib64)[/\\](?:python|ruby|php)/i;
/** The runtime's own, by its name: idle, garbage collection, natives. */
const runtime = /^\((?:idle|program|root|garbage collector)\)$/;

function frameOf(frame: Loose, debugIds: ReadonlyMap<string, string>, platform: string): SampledFrame {
  const path = textOf(frame['abs_path'], 2048);
  const file = textOf(frame['filename'], 2048) || textOf(frame['file'], 2048) || path;
  const module = textOf(frame['module'], 512) || textOf(frame['package'], 512);
  const name = textOf(frame['function'], 512) || textOf(frame['raw_function'], 512);
  const address = textOf(frame['instruction_addr'], 32);
  const told = frame['in_app'];
  const place = path === '' ? file : path;
  const js = platform === 'javascript' || platform === 'node';
  return {
    function: name === '' ? (address === '' ? '(anonymous)' : address) : name,
    path: place,
    file,
    module,
    line: countOf(frame['lineno']),
    column: countOf(frame['colno']),
    inApp:
      typeof told === 'boolean'
        ? told
        : !runtime.test(name) && !foreign.test(place) && (place !== '' || (!js && module !== '')),
    debugId: debugIds.get(path) ?? debugIds.get(file) ?? '',
  };
}
