import { LogsRequestBuilder } from '@sightline/ingest';
import { sampleBatches, sampleEnvironment, sampleVersion } from './log-records.ts';
import { type TimedRequest, timedRequest } from './timed-request.ts';

/** OTLP log requests as a store's gateway sends them: `records` sample records each. */
export function makeLogRequests(requests: number, records: number, endMs: number): TimedRequest[] {
  return sampleBatches(requests, records).map(({ site, service, logs }) =>
    timedRequest('fixed64', records, endMs, (timesNs) => {
      const builder = new LogsRequestBuilder();
      builder.resource({
        'service.name': service,
        'site.id': site,
        'service.version': sampleVersion,
        'deployment.environment.name': sampleEnvironment,
      });
      for (const [i, log] of logs.entries())
        builder.add({
          timeNs: timesNs[i] ?? 0n,
          severityNumber: log.isError ? 17 : 9,
          severityText: 'INFO',
          body: log.message,
          attributes: {
            'correlation.id': log.correlationId,
            'order.id': log.orderId,
            'http.response.status_code': 200,
            'thread.name': log.thread,
          },
          traceId: log.traceId,
          spanId: log.spanId,
        });
      return builder.build();
    }),
  );
}
