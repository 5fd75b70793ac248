/**
 * Pages of the engine's library that were needed at its start alone. To load it and to make its tables of functions touches some 200 MB of
 * code and constants, of which a quarter is used again; the system counts them as ours until somebody needs the room. They are given back
 * to the page cache, and what is needed again comes back from there.
 *
 * Node has no call for that (madvise(2)), and a library is asked for one by a compiled addon: ours is so small that it is written here.
 */
import { readFileSync, writeFileSync } from 'node:fs';

/** A part of this process's memory, bytes. */
export interface MemoryRange {
  readonly from: bigint;
  readonly bytes: bigint;
}

const mostRanges = 16;
/** Smaller mappings are not worth a call. */
const leastBytes = 1n << 20n;

/**
 * Mappings of a file that are as the file is: not writable, and no page of them, in memory or swapped out, was changed before they became so (the
 * loader does that to addresses among constants). `smaps`: https://man7.org/linux/man-pages/man5/proc_pid_smaps.5.html
 */
export function unchangedRanges(smaps: string, file: string): MemoryRange[] {
  const ranges: MemoryRange[] = [];
  let range: MemoryRange | undefined;
  for (const line of smaps.split('\n')) {
    const mapping = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ [1-9]\d* +(.*)$/.exec(line);
    if (mapping) {
      const [, from, to, name = ''] = mapping;
      const start = BigInt(`0x${from}`);
      range = name.endsWith(`/${file}`) ? { from: start, bytes: BigInt(`0x${to}`) - start } : undefined;
    } else if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) {
      range = undefined;
    } else if (/^(?:Anonymous|Swap):\s+[1-9]/.test(line)) {
      range = undefined;
    } else if (range && line.startsWith('VmFlags:') && range.bytes >= leastBytes) {
      // The last line of a mapping.
      ranges.push(range);
    }
  }
  return ranges.slice(0, mostRanges);
}

/** Where parts of the addon lie in its file and, from its beginning, in memory. Dynamic entries have a page that can be written: loaders do. */
const at = { programHeaders: 64, hash: 288, symbols: 312, strings: 360, code: 400, dynamic: 4096 } as const;
const symbol = '\0napi_register_module_v1\0';
const [dontNeed, madviseCall] = [4, 28];

/**
 * An addon for x86-64 that gives back the ranges each time it is opened, and does nothing else: it exports the one function that Node calls then.
 * The format: https://gabi.xinuos.com/, the function: https://nodejs.org/api/n-api.html#module-registration
 */
export function releaseAddon(ranges: readonly MemoryRange[]): Uint8Array {
  const file = Buffer.alloc(at.dynamic + 96);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file);
  const half = (offset: number, ...values: number[]): void =>
    values.forEach((value, i) => file.writeUInt16LE(value, offset + 2 * i));
  const word = (offset: number, ...values: number[]): void =>
    values.forEach((value, i) => file.writeUInt32LE(value, offset + 4 * i));
  const wide = (offset: number, ...values: (number | bigint)[]): void =>
    values.forEach((value, i) => file.writeBigUInt64LE(BigInt(value), offset + 8 * i));
  // A shared object for x86-64 with four program headers and no sections.
  half(16, 3, 62);
  word(20, 1);
  wide(32, at.programHeaders);
  half(52, 64, 56, 4, 64);
  const programHeader = (
    index: number,
    type: number,
    flags: number,
    from: number,
    bytes: number,
    align: number,
  ): void => {
    const offset = at.programHeaders + 56 * index;
    word(offset, type, flags);
    wide(offset + 8, from, from, from, bytes, bytes, align);
  };
  const [load, dynamic, stack] = [1, 2, 0x6474e551];
  const [execute, write, read] = [1, 2, 4];
  programHeader(0, load, read | execute, 0, at.dynamic, 4096);
  programHeader(1, load, read | write, at.dynamic, 96, 4096);
  programHeader(2, dynamic, read | write, at.dynamic, 96, 8);
  programHeader(3, stack, read | write, 0, 0, 16);
  // One chain of the two symbols, of which the first is none.
  word(at.hash, 1, 2, 1, 0, 0);
  const second = at.symbols + 24;
  word(second, 1);
  file[second + 4] = 0x12;
  half(second + 6, 1);
  wide(second + 8, at.code, at.dynamic - at.code);
  file.write(symbol, at.strings, 'latin1');
  // Each a pair: hash, strings, symbols, length of strings, size of a symbol, end.
  wide(at.dynamic, 4, at.hash, 5, at.strings, 6, at.symbols, 10, symbol.length, 11, 24, 0, 0);
  let next: number = at.code;
  const put = (...bytes: number[]): void => {
    for (const byte of bytes) file[next++] = byte;
  };
  for (const { from, bytes } of ranges.slice(0, mostRanges)) {
    put(0x48, 0xbf); // mov rdi, from
    wide(next, from);
    next += 8;
    put(0x48, 0xbe); // mov rsi, bytes
    wide(next, bytes);
    next += 8;
    put(0xba, dontNeed, 0, 0, 0, 0xb8, madviseCall, 0, 0, 0, 0x0f, 0x05); // mov edx, MADV_DONTNEED; mov eax, madvise; syscall
  }
  put(0x31, 0xc0, 0xc3); // xor eax, eax; ret
  return file;
}

/**
 * Prepares for giving back the clean pages of a library that this process has loaded, whenever the answer is called; `addonFile` is written. Undefined
 * where that cannot be done: the pages stay then.
 */
export function libraryPages(library: string, addonFile: string): (() => void) | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const ranges = unchangedRanges(readFileSync('/proc/self/smaps', 'utf8'), library);
    if (ranges.length === 0) return undefined;
    writeFileSync(addonFile, releaseAddon(ranges), { mode: 0o700 });
    const release = (): void => process.dlopen({ exports: {} }, addonFile);
    // Where no code may be run from this folder, this fails.
    release();
    return () => {
      try {
        release();
      } catch {
        // The file was removed under us: the pages stay.
      }
    };
  } catch {
    return undefined;
  }
}
