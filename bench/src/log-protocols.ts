import { ProtobufWriter } from '@sightline/ingest';
import { compressSync } from 'snappy';
import { type SampleBatch, type SampleLog, sampleBatches, sampleEnvironment, sampleVersion } from './log-records.ts';
import { timeBytes, type TimedRequest, timedRequest, type TimeForm } from './timed-request.ts';

/** The same records in the words of other programs' protocols. */
export interface LogProtocol {
  readonly name: string;
  readonly contentType: string;
  readonly form: TimeForm;
  readonly encode: (batch: SampleBatch, timesNs: readonly bigint[]) => Buffer;
  /** What is done to a request's bytes once its times are written. */
  readonly pack?: (bytes: Buffer) => Buffer;
}

const levelOf = ({ isError }: SampleLog): string => (isError ? 'error' : 'info');
const text = (form: TimeForm, timeNs: bigint | undefined): string => timeBytes(form, timeNs ?? 0n).toString('latin1');

function streamLabels({ site, service }: SampleBatch): Record<string, string> {
  return { service_name: service, site, environment: sampleEnvironment, version: sampleVersion };
}

function metadataOf(log: SampleLog): Record<string, string> {
  return {
    level: levelOf(log),
    trace_id: log.traceId,
    span_id: log.spanId,
    correlation_id: log.correlationId,
    order_id: log.orderId,
    http_response_status_code: '200',
    thread_name: log.thread,
  };
}

/** A push with one stream, what changes from record to record as structured metadata. */
const lokiJson: LogProtocol = {
  name: 'loki json',
  contentType: 'application/json',
  form: 'digits',
  encode: (batch, timesNs) => {
    const values = batch.logs.map((log, i) => [text('digits', timesNs[i]), log.message, metadataOf(log)]);
    return Buffer.from(JSON.stringify({ streams: [{ stream: streamLabels(batch), values }] }));
  },
};

const lokiProtobuf: LogProtocol = {
  name: 'loki protobuf',
  contentType: 'application/x-protobuf',
  form: 'varints',
  encode: (batch, timesNs) => {
    const writer = new ProtobufWriter();
    const stream = writer.open(1);
    const labels = Object.entries(streamLabels(batch)).map(([name, value]) => `${name}="${value}"`);
    writer.string(1, `{${labels.join(', ')}}`);
    for (const [i, log] of batch.logs.entries()) {
      const entry = writer.open(2);
      writer.bytes(1, timeBytes('varints', timesNs[i] ?? 0n));
      writer.string(2, log.message);
      for (const [name, value] of Object.entries(metadataOf(log))) {
        const pair = writer.open(3);
        writer.string(1, name);
        writer.string(2, value);
        writer.close(pair);
      }
      writer.close(entry);
    }
    writer.close(stream);
    return writer.finish();
  },
  pack: (bytes) => Buffer.from(compressSync(bytes)),
};

/** Pairs of an action and a document with names of ECS. */
const bulk: LogProtocol = {
  name: '_bulk',
  contentType: 'application/x-ndjson',
  form: 'iso',
  encode: ({ site, service, logs }, timesNs) => {
    const lines = logs.map((log, i) => {
      const document = {
        '@timestamp': text('iso', timesNs[i]),
        'log.level': levelOf(log),
        message: log.message,
        'service.name': service,
        'service.version': sampleVersion,
        'service.environment': sampleEnvironment,
        'site.id': site,
        'trace.id': log.traceId,
        'span.id': log.spanId,
        'correlation.id': log.correlationId,
        'order.id': log.orderId,
        'http.response.status_code': 200,
        'process.thread.name': log.thread,
      };
      return `{"create":{"_index":"logs-stores"}}\n${JSON.stringify(document)}\n`;
    });
    return Buffer.from(lines.join(''));
  },
};

const local0 = 16;

/** RFC 5424, each message behind its length. */
const syslog: LogProtocol = {
  name: 'syslog',
  contentType: '',
  form: 'iso',
  encode: ({ site, service, logs }, timesNs) => {
    const messages = logs.map((log, i) => {
      const data = Object.entries({
        'site.id': site,
        'service.version': sampleVersion,
        'deployment.environment.name': sampleEnvironment,
        'trace.id': log.traceId,
        'span.id': log.spanId,
        'correlation.id': log.correlationId,
        'order.id': log.orderId,
        'http.response.status_code': '200',
        'thread.name': log.thread,
      }).map(([name, value]) => `${name}="${value}"`);
      const priority = local0 * 8 + (log.isError ? 3 : 6);
      const message = `<${priority}>1 ${text('iso', timesNs[i])} gateway-${site} ${service} 417 - [store@32473 ${data.join(' ')}] ${log.message}`;
      return `${Buffer.byteLength(message)} ${message}`;
    });
    return Buffer.from(messages.join(''));
  },
};

export const logProtocols: readonly LogProtocol[] = [lokiJson, lokiProtobuf, bulk, syslog];

/** Requests of `records` sample records each, to be timed and then packed. */
export function requestsIn(protocol: LogProtocol, requests: number, records: number, endMs: number): TimedRequest[] {
  return sampleBatches(requests, records).map((batch) =>
    timedRequest(protocol.form, records, endMs, (timesNs) => protocol.encode(batch, timesNs)),
  );
}
