/**
 * Pages of the engine's library that were needed at its start alone. To load it and to make its tables of functions touches some 200 MB of
 * code and constants, of which a quarter is used again; the system counts them as ours until somebody needs the room. They are given back
 * to the page cache, and what is needed again comes back from there.
 *
 * Node has no call for that (madvise(2)), and a library is asked for one by a compiled addon: ours is so small that it is written here.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

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

/** Where parts of the addon lie in its file and, from its beginning, in memory. What the loader writes to has a page of its own. */
const at = {
  programHeaders: 64,
  hash: 288,
  symbols: 312,
  strings: 384,
  relocation: 432,
  code: 464,
  dynamic: 4096,
  createFunction: 4240,
  end: 4248,
} as const;
const [exported, imported] = ['napi_register_module_v1', 'napi_create_function'];
const strings = `\0${exported}\0${imported}\0`;
const [dontNeed, madviseCall] = [4, 28];

/**
 * An addon for x86-64 whose export is a function that gives back the ranges.
 * The format: https://gabi.xinuos.com/, what Node asks of an addon: https://nodejs.org/api/n-api.html#module-registration
 */
export function releaseAddon(ranges: readonly MemoryRange[]): Uint8Array {
  const file = Buffer.alloc(at.end);
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
  programHeader(1, load, read | write, at.dynamic, at.end - at.dynamic, 4096);
  programHeader(2, dynamic, read | write, at.dynamic, at.createFunction - at.dynamic, 8);
  programHeader(3, stack, read | write, 0, 0, 16);
  // One bucket, whose chain is the exported symbol. Symbols: none, the exported, the imported.
  word(at.hash, 1, 3, 1, 0, 0, 0);
  const [second, third] = [at.symbols + 24, at.symbols + 48];
  const globalFunction = 0x12;
  word(second, 1);
  file[second + 4] = globalFunction;
  half(second + 6, 1);
  wide(second + 8, at.code, at.dynamic - at.code);
  word(third, 2 + exported.length);
  file[third + 4] = globalFunction;
  file.write(strings, at.strings, 'latin1');
  // The loader puts the address of the imported function (symbol 2) into its place: R_X86_64_GLOB_DAT.
  wide(at.relocation, at.createFunction, (2n << 32n) | 6n, 0);
  const [hash, strtab, symtab, rela, relasz, relaent, strsz, syment] = [4, 5, 6, 7, 8, 9, 10, 11];
  wide(at.dynamic, hash, at.hash, strtab, at.strings, symtab, at.symbols, strsz, strings.length, syment, 24);
  wide(at.dynamic + 80, rela, at.relocation, relasz, 24, relaent, 24, 0, 0);
  let next: number = at.code;
  const put = (...bytes: number[]): void => {
    for (const byte of bytes) file[next++] = byte;
  };
  /** Distance of a place from the end of an instruction's four bytes that name it. */
  const relative = (to: number): void => {
    file.writeInt32LE(to - (next + 4), next);
    next += 4;
  };
  const registerBytes = 48;
  put(0x48, 0x83, 0xec, 0x18); // sub rsp, 24
  put(0x48, 0xc7, 0x44, 0x24, 0x08, 0, 0, 0, 0); // mov qword [rsp + 8], 0
  put(0x31, 0xf6, 0x31, 0xd2); // xor esi, esi; xor edx, edx
  put(0x48, 0x8d, 0x0d); // lea rcx, [the function below]
  relative(at.code + registerBytes);
  put(0x45, 0x31, 0xc0); // xor r8d, r8d
  put(0x4c, 0x8d, 0x4c, 0x24, 0x08); // lea r9, [rsp + 8]
  put(0xff, 0x15); // call napi_create_function
  relative(at.createFunction);
  put(0x48, 0x8b, 0x44, 0x24, 0x08); // mov rax, [rsp + 8]
  put(0x48, 0x83, 0xc4, 0x18, 0xc3); // add rsp, 24; ret
  if (next !== at.code + registerBytes) throw new Error('the function lies elsewhere');
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
 * Prepares for giving back the clean pages of a library that this process has loaded, whenever the answer is called; `addonFile` is written and
 * removed. Undefined where that cannot be done, as in a folder from which no code may be run: the pages stay then.
 */
export function libraryPages(library: string, addonFile: string): (() => void) | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const ranges = unchangedRanges(readFileSync('/proc/self/smaps', 'utf8'), library);
    if (ranges.length === 0) return undefined;
    writeFileSync(addonFile, releaseAddon(ranges), { mode: 0o700 });
    const addon: { exports: unknown } = { exports: {} };
    process.dlopen(addon, addonFile);
    rmSync(addonFile);
    return typeof addon.exports === 'function' ? (addon.exports as () => void) : undefined;
  } catch {
    return undefined;
  }
}
