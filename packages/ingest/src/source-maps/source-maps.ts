import { LruCache, type Clock, type Logger } from '@sightline/base';
import {
  candidateUrls,
  fileOfUrl,
  isGenerated,
  isServed,
  placeIn,
  plainSource,
  resolveReference,
} from './addresses.ts';
import { MapPool } from './map-pool.ts';
import { type Code, codeAround, type GeneratedPlace, type OriginalPlace } from './map-reader.ts';

/** A file that was uploaded, as the control plane keeps it. */
export interface UploadedFile {
  readonly kind: 'source_map' | 'minified_source' | 'source' | 'other';
  readonly url: string;
  readonly debugId: string;
  readonly mapReference: string;
  readonly dist: string;
  readonly blob: string;
}

/** Who knows what was uploaded; the control plane fills this. */
export interface UploadedFiles {
  /** Newest upload first. */
  ofDebugIds(organisation: string, debugIds: readonly string[]): Promise<readonly UploadedFile[]>;
  /** Newest upload first. */
  ofUrls(organisation: string, version: string, urls: readonly string[]): Promise<readonly UploadedFile[]>;
  /** The newest script of a release whose address ends in this file name, wherever it was uploaded to. */
  named(organisation: string, version: string, fileName: string): Promise<UploadedFile | undefined>;
  hasRelease(organisation: string, version: string): Promise<boolean>;
  /** They were needed and are to be kept. */
  used(organisation: string, blobs: readonly string[]): Promise<void>;
}

/** Who keeps the bytes; the blob store fills this. */
export interface FileContents {
  /** Undefined where they are kept no longer. */
  read(organisation: string, blob: string): Promise<Uint8Array | undefined>;
  touch(organisation: string, blob: string): Promise<unknown>;
}

/** A frame as its client saw it. */
export interface GeneratedFrame {
  readonly file: string;
  readonly function: string;
  /** Counted from 1. */
  readonly line: number | null;
  /** Counted from 1. */
  readonly column: number | null;
  readonly debugId: string;
}

/** What became of a frame. `none`: nothing says that a map belongs to it (code of the runtime, code that runs as it was written). */
export type FrameFate =
  | { readonly kind: 'original'; readonly place: OriginalFrame; readonly note: string }
  | { readonly kind: 'unresolved'; readonly reason: string }
  | { readonly kind: 'none' };

export interface OriginalFrame {
  readonly file: string;
  readonly function: string;
  readonly line: number;
  readonly column: number;
  readonly inApp: boolean;
  readonly code: Code | undefined;
}

/** Whose event it is and what it was built from. */
export interface FrameOrigin {
  readonly organisation: string;
  readonly release: string;
  readonly dist: string;
}

export interface SourceMaps {
  /** What became of each frame, in their order, the innermost call first. Throws what the control plane and the blob store throw. */
  resolve(origin: FrameOrigin, frames: readonly GeneratedFrame[]): Promise<readonly FrameFate[]>;
  close(): Promise<void>;
}

const keptAnswers = 10_000;
/** So soon is an upload seen that came after its first event. */
const answersKeptMs = 20_000;
const usedEveryMs = 6 * 3_600_000;

interface MapOfFile {
  readonly kind: 'map';
  readonly blob: string;
  /** The debug id of the map; '' where it has none. */
  readonly build: string;
  /** Why it may be the wrong one; '' where that is not to be feared. */
  readonly doubt: string;
}
type FoundMap = MapOfFile | Extract<FrameFate, { kind: 'unresolved' | 'none' }>;

const unresolved = (reason: string): Extract<FrameFate, { kind: 'unresolved' }> => ({ kind: 'unresolved', reason });
type Resolved = Extract<FrameFate, { kind: 'original' }>;
/** A doubt about the whole map comes before what it lacks. */
const doubted = (fate: Resolved, doubt: string): Resolved => (doubt === '' ? fate : { ...fate, note: doubt });
const none: Extract<FrameFate, { kind: 'none' }> = { kind: 'none' };

/** Opens the look-up of source maps: by debug id, else by release and address (https://docs.sentry.io/platforms/javascript/sourcemaps/). */
export function openSourceMaps(parts: {
  readonly files: UploadedFiles;
  readonly contents: FileContents;
  readonly clock: Clock;
  readonly logger: Logger;
}): SourceMaps {
  return new UploadedMaps(parts.files, parts.contents, parts.clock, parts.logger);
}

class UploadedMaps implements SourceMaps {
  readonly #files: UploadedFiles;
  readonly #contents: FileContents;
  readonly #pool: MapPool;
  readonly #logger: Logger;
  readonly #found: LruCache<string, FoundMap>;
  readonly #releases: LruCache<string, boolean>;
  readonly #used: LruCache<string, true>;

  constructor(files: UploadedFiles, contents: FileContents, clock: Clock, logger: Logger) {
    this.#files = files;
    this.#contents = contents;
    this.#logger = logger;
    this.#pool = new MapPool(logger);
    this.#found = new LruCache(keptAnswers, answersKeptMs, clock);
    this.#releases = new LruCache(keptAnswers, answersKeptMs, clock);
    this.#used = new LruCache(keptAnswers, usedEveryMs, clock);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async resolve(origin: FrameOrigin, frames: readonly GeneratedFrame[]): Promise<readonly FrameFate[]> {
    const fates: FrameFate[] = frames.map(() => none);
    const byMap = new Map<string, number[]>();
    const doubts = new Map<number, string>();
    let last: { readonly file: string; readonly debugId: string; readonly found: FoundMap } | undefined;
    for (const [index, frame] of frames.entries()) {
      if (!isGenerated(frame)) continue;
      if (frame.line === null) {
        if (isServed(frame.file)) fates[index] = unresolved('the event does not tell the line');
        continue;
      }
      // The frames of a stack are mostly of few files.
      if (frame.file !== last?.file || frame.debugId !== last.debugId)
        last = { file: frame.file, debugId: frame.debugId, found: await this.#mapOf(origin, frame) };
      const { found } = last;
      if (found.kind !== 'map') fates[index] = found;
      else {
        byMap.set(found.blob, [...(byMap.get(found.blob) ?? []), index]);
        if (found.doubt !== '') doubts.set(index, found.doubt);
      }
    }
    for (const [blob, indexes] of byMap) {
      const looked = await this.#pool.lookUp(
        blob,
        indexes.map((index): GeneratedPlace => placeIn(frames[index] as GeneratedFrame)),
        () => this.#contents.read(origin.organisation, blob),
      );
      for (const [at, index] of indexes.entries()) {
        const frame = frames[index] as GeneratedFrame;
        const place = looked.ok ? looked.value[at] : undefined;
        const doubt = doubts.get(index) ?? '';
        if (place) fates[index] = doubted(await this.#original(origin, place, frame), doubt);
        else if (doubt !== '') fates[index] = unresolved(doubt);
        else if (!looked.ok) fates[index] = unresolved(looked.error);
        else
          fates[index] = unresolved(
            `the source map has nothing at line ${frame.line}, column ${frame.column ?? 'unknown'}`,
          );
      }
      this.#noteUse(origin.organisation, blob);
    }
    return fates;
  }

  async #original(origin: FrameOrigin, place: OriginalPlace, frame: GeneratedFrame): Promise<Resolved> {
    const file = plainSource(place.source);
    const code = place.code ?? (await this.#uploadedCode(origin, file, place.line));
    // Without its text nothing tells the function; the generated name says something unless a minifier made it.
    const known = place.code !== undefined || frame.function.length <= 2 ? place.function : frame.function;
    return {
      kind: 'original',
      note: code === undefined ? `the source map holds no text of ${file}, and no such file was uploaded` : '',
      place: {
        file,
        function: known,
        line: place.line,
        column: place.column,
        inApp: !/(?:^|\/)node_modules\/|^(?:webpack|vite|rollup)\/|^\0/.test(file),
        code,
      },
    };
  }

  /** Code from the source itself, where it was uploaded beside a map that does not hold it. */
  async #uploadedCode(origin: FrameOrigin, file: string, line: number): Promise<Code | undefined> {
    const [source] = await this.#files.ofUrls(origin.organisation, origin.release, [file, `~/${file}`]);
    const bytes = source && (await this.#contents.read(origin.organisation, source.blob));
    return bytes && codeAround(new TextDecoder().decode(bytes), line);
  }

  async #mapOf(origin: FrameOrigin, frame: GeneratedFrame): Promise<FoundMap> {
    const key = JSON.stringify([origin.organisation, origin.release, origin.dist, frame.file, frame.debugId]);
    let found = this.#found.get(key);
    if (!found) {
      found = await this.#findMap(origin, frame);
      this.#found.set(key, found);
    }
    return found;
  }

  async #findMap(origin: FrameOrigin, { file, debugId }: GeneratedFrame): Promise<FoundMap> {
    const byId = await this.#byDebugId(origin, debugId);
    if (byId.kind === 'map') return byId;
    const byUrl = await this.#byUrl(origin, file);
    if (byId.kind === 'none') return byUrl;
    if (byUrl.kind === 'map')
      return byUrl.build === ''
        ? byUrl
        : { ...byUrl, doubt: `${byId.reason}; read with the release's map of another build (${byUrl.build})` };
    // Of two reasons the one for the stronger hint: a debug id names its map for certain.
    const other = await this.#files.named(origin.organisation, origin.release, baseName(file));
    return other === undefined || other.debugId === '' || other.debugId === debugId
      ? byId
      : unresolved(`${byId.reason}; ${other.url} of the release was uploaded from another build (${other.debugId})`);
  }

  async #byDebugId({ organisation }: FrameOrigin, debugId: string): Promise<FoundMap> {
    if (debugId === '') return none;
    const files = await this.#files.ofDebugIds(organisation, [debugId]);
    const map = files.find(({ kind }) => kind === 'source_map');
    if (map) return { kind: 'map', blob: map.blob, build: map.debugId, doubt: '' };
    return unresolved(
      files.length === 0
        ? `no file was uploaded for the debug id ${debugId}`
        : `of the debug id ${debugId} the file was uploaded, but not its source map`,
    );
  }

  async #byUrl(origin: FrameOrigin, file: string): Promise<FoundMap> {
    const { organisation, release, dist } = origin;
    const served = isServed(file);
    if (release === '') return served ? unresolved('the event names neither a debug id nor a release') : none;
    if (!(await this.#hasRelease(organisation, release)))
      return served ? unresolved(`no debug id, and no files were uploaded for the release ${release}`) : none;
    const urls = candidateUrls(file);
    const uploaded = await this.#files.ofUrls(organisation, release, urls);
    const files = ofDist(uploaded, dist);
    const source = files.find(({ kind, mapReference }) => kind !== 'source_map' && mapReference !== '') ?? files[0];
    const mapUrls =
      source && source.mapReference !== ''
        ? candidateUrls(resolveReference(source.url, source.mapReference))
        : urls.map((url) => `${url}.map`);
    const maps = ofDist(await this.#files.ofUrls(organisation, release, mapUrls), dist);
    const map = maps.find(({ kind }) => kind === 'source_map');
    if (map) return { kind: 'map', blob: map.blob, build: map.debugId, doubt: '' };
    if (!source) return served ? unresolved(await this.#whyNoFile(origin, file, uploaded[0])) : none;
    if (source.mapReference === '') return served ? unresolved(`${source.url} names no source map`) : none;
    return unresolved(`${source.url} names the source map ${source.mapReference}, which was not uploaded`);
  }

  /** The script may be there for another distribution, or under another address: the commonest slips of an upload. */
  async #whyNoFile(
    { organisation, release, dist }: FrameOrigin,
    file: string,
    ofOther?: UploadedFile,
  ): Promise<string> {
    if (ofOther) {
      const named = dist === '' ? 'the event names none' : `the event names ${dist}`;
      return `${ofOther.url} was uploaded for the distribution ${ofOther.dist}, and ${named}`;
    }
    const missing = `the release ${release} has no file ${fileOfUrl(file)}`;
    const other = await this.#files.named(organisation, release, baseName(file));
    return other ? `${missing}; it has ${other.url}, which is uploaded with another --url-prefix` : missing;
  }

  async #hasRelease(organisation: string, release: string): Promise<boolean> {
    const key = JSON.stringify([organisation, release]);
    let known = this.#releases.get(key);
    if (known === undefined) {
      known = await this.#files.hasRelease(organisation, release);
      this.#releases.set(key, known);
    }
    return known;
  }

  /** What is used is kept; noted now and then, and never at the cost of the event. */
  #noteUse(organisation: string, blob: string): void {
    const key = `${organisation} ${blob}`;
    if (this.#used.get(key)) return;
    this.#used.set(key, true);
    Promise.all([this.#files.used(organisation, [blob]), this.#contents.touch(organisation, blob)]).catch(
      (error: unknown) => this.#logger.warn('the use of a source map could not be noted', { error }),
    );
  }
}

/** The name of a script without its folders: `index-3f2a.js`. */
const baseName = (file: string): string => fileOfUrl(file).split('/').at(-1) ?? '';

/** The files of the distribution first, then those of none. */
function ofDist(files: readonly UploadedFile[], dist: string): readonly UploadedFile[] {
  return [...files.filter((file) => file.dist === dist), ...files.filter((file) => file.dist === '' && dist !== '')];
}
