import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '@sightline/base';
import { type Artifact, artifactKinds, type ArtifactKind } from '@sightline/control';
import { plainDebugId } from '@sightline/ingest/source-maps';
import type { BlobStore } from '@sightline/store/port';
import { BadArchive, unzipFiles, type UnzippedFile, type UnzipLimits } from './unzip.ts';

const limits: UnzipLimits = { files: 20_000, fileBytes: 128 * 1_048_576, totalBytes: 1024 * 1_048_576 };
const manifestName = 'manifest.json';
const tailBytes = 4096;

/** What a file is said to be, by the manifest or by whoever uploads it. */
interface FileFacts {
  readonly url: string;
  readonly kind: ArtifactKind;
  readonly debugId: string;
  readonly mapReference: string;
}

interface Kept {
  readonly path: string;
  readonly blob: string;
  readonly sizeBytes: number;
  /** Of a script: where its last lines say its map is. */
  readonly mapReference: string;
}

/** Which bundle the files are of. */
export interface BundleNames {
  readonly organisation: string;
  readonly bundle: string;
  readonly version: string;
  readonly dist: string;
}

/**
 * Reads an artifact bundle: a ZIP of files and a `manifest.json` that says what each of them is
 * (https://docs.sentry.io/platforms/javascript/sourcemaps/troubleshooting_js/artifact-bundles/). Their bytes go to the blob store.
 * Fails with a sentence for the client.
 */
export async function readBundle(
  source: AsyncIterable<Uint8Array>,
  names: BundleNames,
  blobs: BlobStore,
): Promise<Result<Artifact[], string>> {
  const kept: Kept[] = [];
  const inline: Kept[] = [];
  let manifest: unknown;
  try {
    for await (const file of unzipFiles(source, limits)) {
      if (file.path === manifestName) manifest = parsed(file.bytes);
      else {
        const one = await keepFile(file, names.organisation, blobs);
        kept.push(one.file);
        if (one.inlineMap) inline.push(one.inlineMap);
      }
    }
  } catch (error) {
    if (error instanceof BadArchive) return fail(error.message);
    throw error;
  }
  const facts = filesOf(manifest);
  if (!facts) return fail('the archive holds no manifest.json that can be read');
  const byPath = new Map(kept.map((file) => [file.path, file]));
  const artifacts: Artifact[] = [];
  for (const [path, given] of facts) {
    const file = byPath.get(path);
    if (!file) continue;
    const own = given.mapReference === '' ? file.mapReference : given.mapReference;
    artifacts.push(artifactOf(names, file, { ...given, mapReference: given.kind === 'source_map' ? '' : own }));
    const map = inline.find((one) => one.path === `${path}.map`);
    if (map)
      artifacts.push(
        artifactOf(names, map, { ...given, kind: 'source_map', url: `${given.url}.map`, mapReference: '' }),
      );
  }
  return ok(artifacts);
}

/** One file that was uploaded by itself, under its address. */
export async function readSingleFile(
  bytes: Uint8Array,
  given: { readonly url: string; readonly mapReference: string },
  names: Omit<BundleNames, 'bundle'>,
  blobs: BlobStore,
): Promise<Artifact[]> {
  const { file, inlineMap } = await keepFile({ path: given.url, bytes }, names.organisation, blobs);
  const isMap = /\.map$/i.test(given.url) || (/\.json$/i.test(given.url) && /"mappings"/.test(textEnd(bytes)));
  const kind: ArtifactKind = isMap ? 'source_map' : 'minified_source';
  const bundle = createHash('sha1')
    .update(JSON.stringify([names.version, names.dist, given.url]))
    .digest('hex');
  const named = { ...names, bundle };
  const mapReference = isMap ? '' : given.mapReference === '' ? file.mapReference : given.mapReference;
  const facts: FileFacts = { url: given.url, kind, debugId: '', mapReference };
  const own = artifactOf(named, file, facts);
  return inlineMap
    ? [own, artifactOf(named, inlineMap, { ...facts, kind: 'source_map', url: `${given.url}.map`, mapReference: '' })]
    : [own];
}

function artifactOf({ bundle, version, dist }: BundleNames, file: Kept, facts: FileFacts): Artifact {
  const { path, blob, sizeBytes } = file;
  return { bundle, path, version, dist, blob, sizeBytes, ...facts };
}

async function keepFile(
  { path, bytes }: UnzippedFile,
  organisation: string,
  blobs: BlobStore,
): Promise<{ readonly file: Kept; readonly inlineMap: Kept | undefined }> {
  const put = async (content: Uint8Array): Promise<string> => {
    const done = await blobs.put(content, { organisation, area: 'artifacts', limitBytes: limits.fileBytes });
    if (!done.ok) throw new BadArchive(done.error.message);
    return done.value.hash;
  };
  const reference = /\.map$/i.test(path) ? '' : mapReferenceIn(bytes);
  const file = { path, blob: await put(bytes), sizeBytes: bytes.length };
  const inlined = /^data:application\/json;(?:charset=[^;,]+;)?base64,(.*)$/s.exec(reference)?.[1];
  if (inlined === undefined) return { file: { ...file, mapReference: reference.slice(0, 1000) }, inlineMap: undefined };
  const map = Buffer.from(inlined, 'base64');
  const name = `${path.split('/').at(-1)}.map`;
  return {
    file: { ...file, mapReference: name },
    inlineMap: { path: `${path}.map`, blob: await put(map), sizeBytes: map.length, mapReference: '' },
  };
}

function textEnd(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(
    'utf8',
    Math.max(0, bytes.length - tailBytes),
  );
}

/** The last `//# sourceMappingURL=` of a script (https://tc39.es/ecma426/#sec-linking-inline); '' where there is none. */
function mapReferenceIn(bytes: Uint8Array): string {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = whole.lastIndexOf('sourceMappingURL=');
  if (at < 0 || !/\/[/*][#@] ?$/.test(whole.toString('latin1', Math.max(0, at - 4), at))) return '';
  const end = whole.indexOf(10, at);
  const value = whole.toString('utf8', at + 'sourceMappingURL='.length, end < 0 ? whole.length : end);
  return value.replace(/\s*(?:\*\/)?\s*$/, '');
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}

/** What the manifest says of each file; undefined where it is none. */
function filesOf(manifest: unknown): Map<string, FileFacts> | undefined {
  const files = field(manifest, 'files');
  if (typeof files !== 'object' || files === null) return undefined;
  return new Map(
    Object.entries(files).map(([path, entry]) => {
      const type = text(field(entry, 'type'));
      const given = field(entry, 'headers');
      const headers = new Map(
        Object.entries(typeof given === 'object' && given !== null ? given : {}).map(([name, value]) => [
          name.toLowerCase(),
          text(value),
        ]),
      );
      return [
        path,
        {
          url: text(field(entry, 'url')).slice(0, 1000),
          kind: artifactKinds.find((kind) => kind === type) ?? 'other',
          debugId: plainDebugId(headers.get('debug-id') ?? '').slice(0, 64),
          mapReference: (headers.get('sourcemap') ?? headers.get('x-sourcemap') ?? '').slice(0, 1000),
        },
      ];
    }),
  );
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '') : '';
}
