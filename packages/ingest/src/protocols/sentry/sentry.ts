import { defineProtocol, type ProtocolEndpoint } from '../../protocol.ts';
import { otlpEndpoint } from '../otlp/otlp.ts';
import { checkEnvelope } from './check-envelope.ts';
import { sentryKey } from './credentials.ts';
import { decodeEnvelope } from './decode-envelope.ts';
import { sentryFilesLane, sentryLane } from './lane.ts';
import { checkMinidump, checkUnreal } from './minidump.ts';
import { rateLimitHeaders, sentryPixelReply, sentryReply } from './reply.ts';
import { checkDialog, checkReport, dialogKey, dialogProject, dialogReply, reportFormBytes } from './report-dialog.ts';
import {
  checkCron,
  checkBrowserReports,
  checkStore,
  checkStoreQuery,
  storeBody,
  storeLimitBytes,
} from './store-endpoint.ts';

/** Sentry's own bound for an unzipped envelope. */
const envelopeLimitBytes = 100 * 1_048_576;

type EndpointPart = Pick<ProtocolEndpoint, 'signal' | 'check'> & Partial<ProtocolEndpoint>;

/** Clients write the address with and without the last slash. */
function both(path: string, part: EndpointPart, below = ':project'): ProtocolEndpoint[] {
  const endpoint = {
    method: 'POST',
    contentTypes: [],
    cors: true,
    key: sentryKey,
    reply: sentryReply,
    ...part,
  } as const;
  return [`/api/${below}/${path}/`, `/api/${below}/${path}`].map((address) => ({ ...endpoint, path: address }));
}

/** Some 1,700 errors: a load takes some eight times its segment of the engine's memory, and more errors make it hardly cheaper. */
const segmentBytes = 24e6;

export const sentry = defineProtocol({
  name: 'sentry',
  title: 'Sentry',
  docs: 'Errors, transactions, spans, logs, sessions, check-ins, feedback, attachments, metrics, replays and profiles of every Sentry SDK: point its DSN at `http://<key>@<host>:<port>/<project number>`.  https://develop.sentry.dev/sdk/data-model/envelopes/',
  endpoints: [
    ...both('envelope', {
      signal: 'errors',
      check: checkEnvelope,
      bodyLimitBytes: envelopeLimitBytes,
    }),
    ...both('store', { signal: 'errors', check: checkStore, uncompress: storeBody, bodyLimitBytes: storeLimitBytes }),
    ...both('store', { signal: 'errors', method: 'GET', check: checkStoreQuery, reply: sentryPixelReply }),
    ...both('security', { signal: 'errors', check: checkBrowserReports, bodyLimitBytes: 1_048_576 }),
    ...both('minidump', { signal: 'errors', check: checkMinidump, bodyLimitBytes: envelopeLimitBytes }),
    ...(['GET', 'POST'] as const).flatMap((method) =>
      both('cron/:slug/:key', {
        method,
        signal: 'checks',
        key: (request) => request.params['key'],
        check: checkCron,
        bodyLimitBytes: 1_048_576,
      }),
    ),
    ...(['GET', 'POST'] as const).flatMap((method) =>
      both(
        'error-page',
        {
          method,
          signal: 'feedback',
          key: dialogKey,
          project: dialogProject,
          check: method === 'GET' ? checkDialog : checkReport,
          reply: dialogReply,
          bodyLimitBytes: reportFormBytes,
        },
        'embed',
      ),
    ),
    // OpenTelemetry's own exporters, which the SDKs' OTLP integration points here instead of sending spans in envelopes.
    ...both('integration/otlp/v1/traces', otlpEndpoint('spans', '')),
    ...both('integration/otlp/v1/logs', otlpEndpoint('logs', '')),
    ...both('unreal/:key', {
      signal: 'errors',
      key: (request) => request.params['key'],
      check: checkUnreal,
      bodyLimitBytes: envelopeLimitBytes,
    }),
  ],
  limited: rateLimitHeaders,
  lanes: [
    { name: sentryLane, kind: 'decode', decode: decodeEnvelope, segmentBytes },
    { name: sentryFilesLane, kind: 'decode', decode: decodeEnvelope },
  ],
});
