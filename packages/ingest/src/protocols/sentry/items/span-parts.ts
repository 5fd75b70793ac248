import { timeNs } from '../../../errors/event-time.ts';
import { firstText, listOf, objectOf, textOf, type JsonObject } from '../../../errors/json-reader.ts';
import { traceIdsOf } from '../../../errors/identity.ts';
import { withoutSecrets } from '../../../errors/secrets.ts';
import { sentryAttributes } from '../attributes.ts';

/** Links or events of one span that are kept. */
const mostParts = 128;

/**
 * Columns of a span's links (https://develop.sentry.dev/sdk/telemetry/traces/span-links/): other traces that led to this one.
 * A link without ids is left out; an empty list leaves the columns at their default.
 */
export function spanLinks(span: JsonObject): Record<string, unknown> {
  const links = listOf(span['links'])
    .slice(0, mostParts)
    .map((value) => {
      const link = objectOf(value);
      const sampled = link['sampled'];
      const own = typeof sampled === 'boolean' ? { 'sentry.sampled': String(sampled) } : {};
      return { ...traceIdsOf(link), attrs: { ...sentryAttributes(link['attributes']), ...own } };
    })
    .filter(({ traceId, spanId }) => traceId !== '' && spanId !== '');
  if (links.length === 0) return {};
  return {
    'links.trace_id': links.map(({ traceId }) => traceId),
    'links.span_id': links.map(({ spanId }) => spanId),
    'links.attrs': links.map(({ attrs }) => attrs),
  };
}

/** Columns of a span's events, as clients built on OpenTelemetry send them; one without a time is left out. */
export function spanEvents(span: JsonObject): Record<string, unknown> {
  const events = listOf(span['events'])
    .slice(0, mostParts)
    .map((value) => {
      const event = objectOf(value);
      return {
        ns: timeNs(event['timestamp'] ?? event['time'] ?? event['time_unix_nano']),
        name: withoutSecrets(firstText(textOf(event['name'], 256), textOf(event['event_name'], 256), 'event')),
        attrs: sentryAttributes(event['attributes'] ?? event['data']),
      };
    })
    .filter(({ ns }) => ns !== undefined);
  if (events.length === 0) return {};
  return {
    'events.ts': events.map(({ ns }) => String(ns)),
    'events.name': events.map(({ name }) => name),
    'events.attrs': events.map(({ attrs }) => attrs),
  };
}
