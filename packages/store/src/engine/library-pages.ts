/**
 * Pages of the engine's library that were needed at its start alone. To load it and to make its tables of functions touches some
 * 200 MB of code and constants, of which a quarter is used again; the system counts them as ours until somebody needs the room. They
 * are given back to the system's page cache, and what is needed again comes back from there.
 */
import { readFileSync } from 'node:fs';
import { reasonOf } from '@sightline/base';

/** A part of this process's memory, bytes. */
export interface MemoryRange {
  readonly from: bigint;
  readonly bytes: bigint;
}

const mostRanges = 16;
/** Smaller mappings are not worth a call. */
const leastBytes = 1n << 20n;
const dontNeed = 4;

/**
 * Mappings of a file that are as the file is: nobody may write to them, and no page of theirs, in memory or swapped out, was changed before
 * that was so (the loader does that to addresses among constants). `smaps`: https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html
 */
export function unchangedRanges(smaps: string, file: string): MemoryRange[] {
  const ranges: MemoryRange[] = [];
  let range: MemoryRange | undefined;
  for (const line of smaps.split('\n')) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping) {
      const [, from, to, mode = '', name = ''] = mapping;
      const start = BigInt(`0x${from}`);
      const whole = /^r-[-x]p$/.test(mode) && name.endsWith(`/${file}`);
      range = whole ? { from: start, bytes: BigInt(`0x${to}`) - start } : undefined;
    } else if (/^(?:Anonymous|Swap): +[1-9]/.test(line)) {
      range = undefined;
    } else if (range && line.startsWith('VmFlags:') && range.bytes >= leastBytes) {
      // The last line of a mapping.
      ranges.push(range);
    }
  }
  return ranges.slice(0, mostRanges);
}

/**
 * What gives back the clean pages of a library that this process has loaded, as often as it is called (madvise(2), which Node has no call for);
 * undefined where the system is another one than Linux or has no such mapping. `tell` hears once why it cannot be done: the pages stay then.
 */
export async function libraryPages(library: string, tell: (reason: string) => void): Promise<(() => void) | undefined> {
  if (process.platform !== 'linux') return undefined;
  const ranges = unchangedRanges(readFileSync('/proc/self/smaps', 'utf8'), library);
  if (ranges.length === 0) return undefined;
  try {
    // Not at the top: where there is no build of it for a processor, the engine starts all the same.
    const { default: koffi } = await import('koffi');
    const madvise = koffi.load(null).func('int madvise(uintptr_t address, size_t length, int advice)') as (
      address: bigint,
      length: bigint,
      advice: number,
    ) => number;
    return () => {
      for (const { from, bytes } of ranges) madvise(from, bytes, dontNeed);
    };
  } catch (error) {
    tell(reasonOf(error));
    return undefined;
  }
}
