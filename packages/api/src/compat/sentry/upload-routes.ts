import { gunzipSync } from 'node:zlib';
import { readForm } from '@sightline/ingest';
import type { BlobStore } from '@sightline/store/port';
import { z } from 'zod';
import type { ApiDeps } from '../../route.ts';
import { Assembler, bundleLimitBytes, chunkBytes } from './assembler.ts';
import { readSingleFile } from './bundle-files.ts';
import { slugOf } from './caller.ts';
import { SentryFault } from './fault.ts';
import { type Answer, badBody, type Call, prefix, type SentryRoutes } from './sentry-routes.ts';

const requestBytes = 32 * 1_048_576;
const fileBytes = 64 * 1_048_576;
const sha1 = z.string().regex(/^[0-9a-f]{40}$/, 'expected a SHA-1 in lower-case hexadecimal');

const assembleBody = z.object({
  checksum: sha1,
  chunks: z.array(sha1).min(1).max(512),
  version: z.string().max(250).nullish(),
  dist: z.string().max(64).nullish(),
});
const codeMappings = z.object({
  mappings: z.array(z.object({ stackRoot: z.string(), sourceRoot: z.string() })).max(1000),
});

/** Source maps: bundles in chunks, and single files of a release. */
export class UploadRoutes {
  readonly #deps: ApiDeps;
  readonly #routes: SentryRoutes;
  readonly #blobs: BlobStore;
  readonly #assembler: Assembler;

  constructor(deps: ApiDeps, routes: SentryRoutes, blobs: BlobStore) {
    this.#deps = deps;
    this.#routes = routes;
    this.#blobs = blobs;
    this.#assembler = new Assembler({ control: deps.control, blobs }, deps.clock, deps.logger);
  }

  register(): void {
    for (const base of ['/organizations/:org', '/projects/:org/:project']) {
      this.#routes.get(`${base}/releases/:version/files/`, (call) => this.#listFiles(call));
      this.#routes.send('POST', `${base}/releases/:version/files/`, (call) => this.#putFile(call), fileBytes);
    }
    this.#routes.get('/organizations/:org/chunk-upload/', ({ caller }) => ({
      json: {
        url: `${this.#deps.settings.publicUrl}${prefix}/organizations/${slugOf(caller.organisation.name)}/chunk-upload/`,
        chunkSize: chunkBytes,
        chunksPerRequest: 4,
        maxRequestSize: requestBytes,
        maxFileSize: bundleLimitBytes,
        concurrency: 4,
        hashAlgorithm: 'sha1',
        compression: ['gzip'],
        accept: ['release_files', 'artifact_bundles', 'artifact_bundles_v2', 'sources'],
      },
    }));
    this.#routes.send(
      'POST',
      '/organizations/:org/chunk-upload/',
      (call) => this.#putChunks(call),
      requestBytes + chunkBytes,
    );
    this.#routes.send('POST', '/organizations/:org/artifactbundle/assemble/', (call) => this.#assemble(call));
    this.#routes.send('POST', '/organizations/:org/releases/:version/assemble/', (call) => this.#assemble(call));
    this.#routes.send('POST', '/organizations/:org/code-mappings/bulk/', ({ body }) => refuseCodeMappings(body));
    // Native debug files: answered, so that a plugin that also sends source maps goes on.
    this.#routes.send('POST', '/projects/:org/:project/files/difs/assemble/', ({ body }) => refuseDebugFiles(body));
    this.#routes.send('POST', '/projects/:org/:project/reprocessing/', () => ({ json: {} }));
  }

  async #listFiles({ caller, params }: Call): Promise<Answer> {
    const files = await this.#deps.control.artifacts.ofRelease(caller.organisation.id, params['version'] ?? '');
    return {
      json: files.map(({ bundle, url, dist, sizeBytes }) => ({
        id: bundle,
        name: url,
        dist: dist === '' ? null : dist,
        size: sizeBytes,
        sha1: bundle,
        headers: {},
        dateCreated: null,
      })),
    };
  }

  /** A release file by itself, as clients before artifact bundles sent it. */
  async #putFile({ caller, params, body, headers }: Call): Promise<Answer> {
    const named = params['version'] ?? '';
    const organisation = caller.organisation.id;
    const form = readForm(body as Buffer, headers['content-type'] ?? '');
    if (!form.ok) return new SentryFault(400, form.error);
    const value = (name: string): string =>
      form.value.find((part) => part.name === name && part.fileName === '')?.content.toString('utf8') ?? '';
    const file = form.value.find((part) => part.name === 'file');
    if (!file) return new SentryFault(400, 'expected the part "file"');
    const url = (value('name') || file.fileName).slice(0, 1000).replaceAll('\0', '');
    const dist = value('dist').slice(0, 64).replaceAll('\0', '');
    const header = form.value
      .filter((part) => part.name === 'header')
      .map((part) => /^(?:x-)?sourcemap\s*:\s*(.*)$/i.exec(part.content.toString('utf8'))?.[1]?.trim() ?? '')
      .find((found) => found !== '');
    const release = await this.#deps.control.releases.put(organisation, named, {});
    if (!release.ok) return new SentryFault(400, release.error.message);
    const names = { organisation, version: named, dist };
    const artifacts = await readSingleFile(file.content, { url, mapReference: header ?? '' }, names, this.#blobs);
    const put = await this.#deps.control.artifacts.put(organisation, artifacts);
    if (!put.ok) return new SentryFault(400, put.error.message);
    const id = artifacts[0]?.bundle ?? '';
    return {
      status: 201,
      json: { id, name: url, dist: dist === '' ? null : dist, size: file.content.length, sha1: id, headers: {} },
    };
  }

  async #putChunks({ caller, body, headers }: Call): Promise<Answer> {
    const form = readForm(body as Buffer, headers['content-type'] ?? '');
    if (!form.ok) return new SentryFault(400, form.error);
    for (const part of form.value) {
      if (part.name !== 'file' && part.name !== 'file_gzip') continue;
      if (!sha1.safeParse(part.fileName).success) return new SentryFault(400, 'a chunk is named by its SHA-1');
      const content = part.name === 'file_gzip' ? unzipped(part.content) : part.content;
      if (!content) return new SentryFault(400, `the chunk ${part.fileName} is no gzip of at most ${chunkBytes} bytes`);
      const put = await this.#blobs.put(content, {
        organisation: caller.organisation.id,
        area: 'chunks',
        limitBytes: chunkBytes,
        algorithm: 'sha1',
        expected: part.fileName,
      });
      if (!put.ok) return new SentryFault(400, `the chunk ${part.fileName}: ${put.error.message}`);
    }
    return { json: undefined };
  }

  async #assemble({ caller, params, body }: Call): Promise<Answer> {
    const read = assembleBody.safeParse(body);
    if (!read.success) return badBody(read.error);
    const { checksum, chunks, dist } = read.data;
    const state = await this.#assembler.ask({
      organisation: caller.organisation.id,
      bundle: checksum,
      chunks,
      version: params['version'] ?? read.data.version ?? '',
      dist: dist ?? '',
    });
    return { json: state };
  }
}

function refuseDebugFiles(body: unknown): Answer {
  const asked = z.record(sha1, z.unknown()).safeParse(body);
  if (!asked.success) return badBody(asked.error);
  const detail = 'native debug files and ProGuard mappings are not kept; source maps are';
  return {
    json: Object.fromEntries(
      Object.keys(asked.data).map((hash) => [hash, { state: 'error', detail, missingChunks: [] }]),
    ),
  };
}

function refuseCodeMappings(body: unknown): Answer {
  const asked = codeMappings.safeParse(body);
  if (!asked.success) return badBody(asked.error);
  const detail = 'code mappings are not kept: stacks name files as their source maps do, suspect commits match by path';
  const mappings = asked.data.mappings.map((mapping) => ({ ...mapping, status: 'error', detail }));
  return { json: { created: 0, updated: 0, errors: mappings.length, mappings } };
}

function unzipped(content: Buffer): Buffer | undefined {
  try {
    return gunzipSync(content, { maxOutputLength: chunkBytes });
  } catch {
    return undefined;
  }
}
