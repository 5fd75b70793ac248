/** A real S3 server for tests: s3rver (it checks every signature itself), and in front of it what it does not know. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { S3Place } from './s3-client.ts';

interface Listed {
  readonly objects: readonly { readonly key: string }[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
}
interface S3rver {
  readonly store: {
    existsObject(bucket: string, key: string): Promise<boolean>;
    listObjects(bucket: string, options: { delimiter?: string; prefix?: string }): Promise<Listed>;
  };
  configureBuckets(): Promise<unknown>;
  callback(): (request: IncomingMessage, reply: ServerResponse) => void;
}
type MakesS3rver = new (options: object) => S3rver;

/** What the next request of a method meets. */
export interface Trouble {
  readonly method: string;
  readonly what: 'busy' | 'hangs up' | 'hangs up half-way' | 'answer is lost';
}

export interface TestS3 {
  readonly place: S3Place;
  /** Requests so far: `PUT acme/2026-01-01/manifest.json`. */
  readonly asked: string[];
  /** Used up one by one. */
  readonly troubles: Trouble[];
  /** False: `If-None-Match` is ignored, as older stores do. */
  conditions: boolean;
  close(): Promise<void>;
}

export async function startS3(folder: string): Promise<TestS3> {
  const require = createRequire(import.meta.url);
  const Made = require('@20minutes/s3rver') as MakesS3rver;
  const s3 = new Made({
    directory: path.join(folder, 's3'),
    silent: true,
    configureBuckets: [{ name: 'logs' }, { name: 'bare' }],
  });
  await s3.configureBuckets();
  listFolders(s3);
  const answer = s3.callback();
  const asked: string[] = [];
  const troubles: Trouble[] = [];
  const settings = { conditions: true };
  const server: Server = createServer((request, reply) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    asked.push(`${request.method} ${key}${url.search}`);
    const trouble = troubles[0]?.method === request.method ? troubles.shift() : undefined;
    if (trouble?.what === 'busy') return void reply.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
    if (trouble?.what === 'hangs up') return void request.socket.destroy();
    if (trouble?.what === 'hangs up half-way') cutShort(reply);
    if (trouble?.what === 'answer is lost') loseEnd(reply);
    if (settings.conditions && request.method === 'PUT' && request.headers['if-none-match'] === '*')
      return void s3.store.existsObject(bucket, key).then(
        (there) => (there ? reply.writeHead(412).end() : answer(request, reply)),
        () => reply.writeHead(500).end(),
      );
    answer(request, reply);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    place: {
      bucket: 'logs',
      prefix: 'old/ones',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-central-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
      sessionToken: '',
    },
    asked,
    troubles,
    get conditions() {
      return settings.conditions;
    },
    set conditions(known) {
      settings.conditions = known;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** It leaves out folders that hold nothing but folders: here they are made from the whole list. */
function listFolders({ store }: S3rver): void {
  const list = store.listObjects.bind(store);
  store.listObjects = async (bucket, { delimiter, ...options }) => {
    const all = await list(bucket, options);
    if (!delimiter) return all;
    const start = options.prefix?.length ?? 0;
    const endOf = (key: string): number => key.indexOf(delimiter, start);
    const below = all.objects.filter(({ key }) => endOf(key) >= 0).map(({ key }) => key.slice(0, endOf(key) + 1));
    return {
      objects: all.objects.filter(({ key }) => endOf(key) < 0),
      commonPrefixes: [...new Set(below)],
      isTruncated: all.isTruncated,
    };
  };
}

/** The work is done, and the connection ends instead of the answer. */
function loseEnd(reply: ServerResponse): void {
  reply.end = () => {
    reply.socket?.destroy();
    return reply;
  };
}

/** The connection ends after the first half of the first piece of the body. */
function cutShort(reply: ServerResponse): void {
  const write = reply.write.bind(reply) as (piece: Uint8Array, done?: () => void) => boolean;
  reply.write = ((piece: Uint8Array) =>
    write(piece.subarray(0, piece.length >> 1), () => reply.socket?.destroy())) as typeof reply.write;
}
