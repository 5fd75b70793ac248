import { Unzip, UnzipInflate, type UnzipFile } from 'fflate';

/** Bounds of what an archive may unpack to. */
export interface UnzipLimits {
  readonly files: number;
  readonly fileBytes: number;
  readonly totalBytes: number;
}

/** One file of an archive. */
export interface UnzippedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Sentry's source bundles stand behind eight bytes of their own: "SYSB" and a version. */
const bundleMagic = Buffer.from('SYSB');

/** An archive that is none, or holds more than it may; the message says what. */
export class BadArchive extends Error {
  override readonly name = 'BadArchive';
}

/**
 * The files of a ZIP that comes in pieces, one after the other, so that no more than one of them is in memory. Throws `BadArchive`
 * where a bound is broken or the pieces are no archive.
 */
export async function* unzipFiles(
  source: AsyncIterable<Uint8Array>,
  limits: UnzipLimits,
): AsyncGenerator<UnzippedFile> {
  const reader = new ArchiveReader(limits);
  let first = true;
  for await (const piece of source) {
    const bundle = first && Buffer.from(piece.buffer, piece.byteOffset, 4).equals(bundleMagic);
    reader.push(bundle ? piece.subarray(8) : piece, false);
    first = false;
    yield* reader.take();
  }
  reader.push(new Uint8Array(0), true);
  yield* reader.take();
  if (reader.files === 0) throw new BadArchive('the upload is no ZIP archive, or an empty one');
  if (reader.open) throw new BadArchive('the archive breaks off');
}

class ArchiveReader {
  readonly #limits: UnzipLimits;
  readonly #unzip: Unzip;
  #done: UnzippedFile[] = [];
  #totalBytes = 0;
  files = 0;
  /** A file has begun and not ended. */
  open = false;

  constructor(limits: UnzipLimits) {
    this.#limits = limits;
    this.#unzip = new Unzip((file) => this.#begin(file));
    this.#unzip.register(UnzipInflate);
  }

  push(piece: Uint8Array, last: boolean): void {
    try {
      this.#unzip.push(piece, last);
    } catch (error) {
      if (error instanceof BadArchive) throw error;
      throw new BadArchive(`the archive cannot be read: ${error instanceof Error ? error.message : 'unknown'}`);
    }
  }

  take(): UnzippedFile[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #begin(file: UnzipFile): void {
    const { files, fileBytes, totalBytes } = this.#limits;
    if (++this.files > files) throw new BadArchive(`the archive holds more than ${files} files`);
    const pieces: Uint8Array[] = [];
    let sizeBytes = 0;
    this.open = true;
    file.ondata = (error, piece, last) => {
      if (error) throw new BadArchive(`${file.name.slice(0, 200)} cannot be unpacked: ${error.message}`);
      sizeBytes += piece.length;
      this.#totalBytes += piece.length;
      if (sizeBytes > fileBytes) throw new BadArchive(`${file.name.slice(0, 200)} has more than ${fileBytes} bytes`);
      if (this.#totalBytes > totalBytes) throw new BadArchive(`the archive unpacks to more than ${totalBytes} bytes`);
      pieces.push(piece);
      if (!last) return;
      this.open = false;
      this.#done.push({ path: file.name.slice(0, 1000), bytes: Buffer.concat(pieces) });
    };
    file.start();
  }
}
