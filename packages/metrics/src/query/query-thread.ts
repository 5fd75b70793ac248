/** Entry of a query thread: evaluates queries, and shares of the other thread's. */
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { fail, ok, type Result } from '@sightline/base';
import { QueryFailure, type Answer, type QueryFault } from '@sightline/query/promql';
import { IndexClient } from '../index-port.ts';
import { ChunkCache } from './chunk-cache.ts';
import { EngineReader } from './engine-reader.ts';
import { EngineSource } from './engine-source.ts';
import { evaluateJob } from './evaluate-job.ts';
import type { FromThread, ThreadSettings, ToThread } from './messages.ts';
import { packAnswer } from './packed-answer.ts';
import { Peer } from './peer.ts';
import { runShare, type ShareTools } from './run-share.ts';
import type { Share } from './share.ts';
import { VectorsLease } from '../vector/vectors.ts';

const settings = workerData as ThreadSettings;
const main = parentPort as MessagePort;

const tools: ShareTools = {
  reader: new EngineReader(settings.engine),
  cache: new ChunkCache(settings.cacheBytes, settings.cacheFolder),
  vectors: new VectorsLease(),
  damaged: (message) => say({ kind: 'damaged', message }),
};
const open = new Map<number, AbortController>();
let index: IndexClient | undefined;
let peer: Peer | undefined;

const here = (share: Share): ReturnType<typeof runShare> => runShare(share, tools);

function say(message: FromThread, transfer: ArrayBuffer[] = []): void {
  main.postMessage(message, transfer);
}

async function run(message: Extract<ToThread, { kind: 'query' }>): Promise<Result<Answer, QueryFault>> {
  const { id, job, deadlineMs, cancelled } = message;
  if (!index) return fail({ kind: 'unavailable', message: 'the series index is not there yet' });
  const controller = new AbortController();
  open.set(id, controller);
  const other = peer;
  const source = new EngineSource(
    { index, here, there: other && ((share) => other.run(share)), lower: settings.lower },
    {
      organisation: job.organisation,
      enforced: job.enforced,
      whole: job.whole,
      bounds: job.bounds,
      deadlineMs,
      cancelled,
      rollups: job.rollups,
    },
  );
  try {
    return await evaluateJob(job, source, controller.signal);
  } catch (error) {
    if (error instanceof QueryFailure) return fail(error.fault);
    return fail({ kind: 'internal', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  } finally {
    open.delete(id);
  }
}

main.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'index':
      index = new IndexClient(message.port);
      return;
    case 'peer':
      peer = new Peer(message.port, here);
      return;
    case 'cancel':
      open.get(message.id)?.abort();
      return;
    case 'query':
      void run(message).then((result) => {
        if (!result.ok) return say({ kind: 'answer', id: message.id, result });
        const { packed, buffers } = packAnswer(result.value);
        return say({ kind: 'answer', id: message.id, result: ok(packed) }, buffers);
      });
  }
});
