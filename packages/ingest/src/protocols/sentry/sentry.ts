import { defineProtocol, type Checked, type ProtocolEndpoint } from '../../protocol.ts';
import { checkEnvelope } from './check-envelope.ts';
import { sentryKey } from './credentials.ts';
import { decodeEnvelope } from './decode-envelope.ts';
import { sentryLane } from './lane.ts';
import { sentryPixelReply, sentryReply } from './reply.ts';
import { checkSecurityReport, checkStore, checkStoreQuery, storeBody, storeLimitBytes } from './store-endpoint.ts';

/** Sentry's own bound for an unzipped envelope is 200 MB with replays and profiles; without them 40 MB are plenty. */
const envelopeLimitBytes = 40 * 1_048_576;

type EndpointPart = Pick<ProtocolEndpoint, 'signal' | 'check'> & Partial<ProtocolEndpoint>;

/** Clients write the address with and without the last slash. */
function both(path: string, part: EndpointPart): ProtocolEndpoint[] {
  const endpoint = {
    method: 'POST',
    contentTypes: [],
    cors: true,
    key: sentryKey,
    reply: sentryReply,
    ...part,
  } as const;
  return [`/api/:project/${path}/`, `/api/:project/${path}`].map((address) => ({ ...endpoint, path: address }));
}

/** Crash dumps need a symbol server, which we have not: the upload ends counted, not stored. */
function checkMinidump(): Checked {
  const message = 'minidumps are not kept';
  return {
    kind: 'accept',
    frames: [],
    refused: [{ signal: 'attachments', reason: 'unsupported-type', records: 1, message }],
  };
}

export const sentry = defineProtocol({
  name: 'sentry',
  title: 'Sentry',
  docs: 'Errors, transactions, spans, logs, sessions, check-ins, feedback and attachments of every Sentry SDK: point its DSN at `http://<key>@<host>:<port>/<project number>`. Replays, profiles and metrics are counted, not kept. https://develop.sentry.dev/sdk/data-model/envelopes/',
  endpoints: [
    ...both('envelope', { signal: 'errors', check: checkEnvelope, bodyLimitBytes: envelopeLimitBytes }),
    ...both('store', { signal: 'errors', check: checkStore, uncompress: storeBody, bodyLimitBytes: storeLimitBytes }),
    ...both('store', { signal: 'errors', method: 'GET', check: checkStoreQuery, reply: sentryPixelReply }),
    ...both('security', { signal: 'errors', check: checkSecurityReport, bodyLimitBytes: 1_048_576 }),
    ...both('minidump', { signal: 'attachments', check: checkMinidump, bodyLimitBytes: envelopeLimitBytes }),
  ],
  lanes: [{ name: sentryLane, kind: 'decode', decode: decodeEnvelope }],
});
