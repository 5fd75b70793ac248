import { betterStack } from './better-stack/better-stack.ts';
import { cloudEvents } from './cloudevents/cloudevents.ts';
import { elasticsearch } from './elasticsearch/elasticsearch.ts';
import { forwarded } from '../forwarded/forwarded.ts';
import type { Protocol } from '../protocol.ts';
import { firehose } from './firehose/firehose.ts';
import { gelf } from './gelf/gelf.ts';
import { jaeger } from './jaeger/jaeger.ts';
import { journald } from './journald/journald.ts';
import { jsonLines } from './json-lines/json-lines.ts';
import { loki } from './loki/loki.ts';
import { otlp } from './otlp/otlp.ts';
import { prometheusRemoteWrite } from './prometheus-remote-write/prometheus-remote-write.ts';
import { sentry } from './sentry/sentry.ts';
import { zipkin } from './zipkin/zipkin.ts';

/** Every protocol that is spoken: one line each. */
export const protocols: readonly Protocol[] = [
  otlp,
  sentry,
  loki,
  prometheusRemoteWrite,
  jsonLines,
  elasticsearch,
  betterStack,
  gelf,
  firehose,
  cloudEvents,
  journald,
  zipkin,
  jaeger,
  forwarded,
];
