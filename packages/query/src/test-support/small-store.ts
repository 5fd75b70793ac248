import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedStore } from '@sightline/store';
import { openMigratedStore } from '@sightline/store/testing';

/** A real engine with empty tables in a folder of its own. For tests. */
export async function openSmallStore(): Promise<{ store: EmbeddedStore; close: () => Promise<void> }> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sightline-query-'));
  const store = await openMigratedStore(dataFolder);
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}

export const hourMs = 3_600_000;
/** The moment all test data ends, ms: the full hour, because the tables forget what is older than their retention. */
export const endMs = Math.floor(Date.now() / hourMs) * hourMs;
const startNs = BigInt(endMs - 6 * hourMs) * 1_000_000n;

let token = 0;
/** Inserts rows that SQL makes of `n`, 0 to `rows` - 1. Later inserts differ by their own token. */
async function generate(store: EmbeddedStore, sql: string): Promise<void> {
  await store.execute(
    sql,
    {},
    { settings: { insert_deduplication_token: `generated-${token++}` }, timeoutMs: 300_000 },
  );
}

const pick = (column: string, values: readonly string[]): string =>
  `[${values.map((value) => `'${value}'`).join(', ')}][1 + cityHash64(number, '${column}') % ${values.length}]`;

/**
 * Logs of six hours: sites, services, every severity, bodies with odd characters, ties in time (every fourth shares its
 * nanosecond with three others), a trace in one of seven, some wholly equal records.
 */
export async function fillLogs(store: EmbeddedStore, organisation: string, rows: number): Promise<void> {
  const stepNs = (BigInt(6 * hourMs) * 1_000_000n) / BigInt(rows);
  await generate(
    store,
    `INSERT INTO logs (organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, event_name, body, trace_id, span_id, correlation_id, res, attrs)
     SELECT '${organisation}', ${pick('site', ['STORE_001', 'STORE_047', 'store_100', ''])}, ${pick('device', ['TERM_01', 'TERM_02', ''])},
       ${pick('env', ['production', 'staging'])}, ${pick('service', ['payment', 'orders', 'gateway', 'Inventory'])}, ${pick('release', ['1.2.3', '1.3.0', ''])},
       fromUnixTimestamp64Nano(toInt64(${startNs} + intDiv(number, 4) * 4 * ${stepNs})), fromUnixTimestamp64Nano(toInt64(${startNs} + number * ${stepNs} + 900000000)),
       cityHash64(number, 's') % 25, '', ${pick('event', ['', 'order.placed', 'Order.Paid'])},
       concat(${pick('b1', ['Payment failed', 'payment  FAILED: timeout', 'Zahlung über-fällig', '100% of_orders done', 'path /api/v1/orders/7 ok', 'ÜBER slow query', 'timeouts seen', 'quote \\\\" and \\\\\\\\ slash', '', '***'])},
         ' ', ${pick('b2', ['after 1.2 s', 'ORD-10042 retry', 'user=ann@shop', 'pay', 'payload', ''])}),
       if(number % 7 = 0, reinterpretAsFixedString(toUInt128(1 + intDiv(number, 49))), toFixedString('', 16)), if(number % 7 = 0, reinterpretAsFixedString(toUInt64(number + 1)), toFixedString('', 8)),
       if(number % 5 = 0, concat('corr-', toString(intDiv(number, 25))), ''),
       map('host.name', ${pick('host', ['nuc-1', 'nuc-2'])}, 'region', 'FL'),
       mapFilter((k, v) -> v != '', map('amount', if(number % 3 = 0, toString(number % 300), ''), 'order.id', if(number % 4 = 0, concat('ORD-', toString(10000 + number % 50)), ''),
         'http.status_code', ${pick('status', ['200', '404', '500', ''])}, 'note', ${pick('note', ['a%b_c', 'Card Declined', '', 'x'])}))
     FROM numbers(${rows})`,
  );
  // Records that are equal in everything.
  await generate(
    store,
    `INSERT INTO logs (organisation, site, service, ts, received_at, severity, body)
     SELECT '${organisation}', 'STORE_047', 'payment', fromUnixTimestamp64Nano(toInt64(${startNs} + 1000000)), fromUnixTimestamp64Nano(toInt64(${startNs} + 1000000)), 9, 'equal line' FROM numbers(17)`,
  );
}

/** `traces` traces of five spans over five services in six hours; one in four fails in payment, with an error event. */
export async function fillTraces(store: EmbeddedStore, organisation: string, traces: number): Promise<void> {
  const stepNs = (BigInt(6 * hourMs) * 1_000_000n) / BigInt(traces);
  const trace = 'reinterpretAsFixedString(toUInt128(1 + intDiv(number, 5)))';
  const id = (n: string): string => `reinterpretAsFixedString(toUInt64(1 + ${n}))`;
  await generate(
    store,
    `INSERT INTO spans (organisation, site, device, environment, service, ts, duration_ns, trace_id, span_id, parent_id, name, kind, status_code, status_message, correlation_id, attrs, received_at)
     SELECT '${organisation}', if(intDiv(number, 5) % 2 = 0, 'STORE_047', 'STORE_001'), if(number % 5 = 0, 'TERM_02', ''), 'production',
       ['terminal', 'gateway', 'orders', 'payment', 'inventory'][1 + number % 5], fromUnixTimestamp64Nano(toInt64(${startNs} + intDiv(number, 5) * ${stepNs} + (number % 5) * 1000000)),
       toUInt64(1200000000 + (intDiv(number, 5) * 7919 % 1000) * 1000000 - (number % 5) * 100000000), ${trace}, ${id('number')},
       if(number % 5 = 0, toFixedString('', 8), if(number % 5 = 4, ${id('number - 2')}, ${id('number - 1')})),
       ['checkout', 'POST /orders', 'place order', 'authorise card', 'reserve stock'][1 + number % 5], if(number % 5 = 0, 3, 2),
       if(intDiv(number, 5) % 4 = 0 AND number % 5 = 3, 2, 1), if(intDiv(number, 5) % 4 = 0 AND number % 5 = 3, 'Card declined by processor', ''),
       concat('corr-', toString(intDiv(number, 5))), map('http.status_code', if(intDiv(number, 5) % 4 = 0, '502', '200')),
       fromUnixTimestamp64Nano(toInt64(${startNs} + intDiv(number, 5) * ${stepNs}))
     FROM numbers(${traces * 5})`,
  );
  await generate(
    store,
    `INSERT INTO errors (organisation, project, site, service, ts, received_at, event_id, issue, severity, type, message, culprit, trace_id, correlation_id, user_id, order_id, amount, handled, tags)
     SELECT '${organisation}', 1, 'STORE_047', 'payment', fromUnixTimestamp64Nano(toInt64(${startNs} + number * 4 * ${stepNs} + 1200000000)), fromUnixTimestamp64Nano(toInt64(${startNs})),
       concat('event', toString(number)), 11, 17, 'PaymentError', 'Card declined by processor', 'authorise', reinterpretAsFixedString(toUInt128(1 + number * 4)), concat('corr-', toString(number * 4)),
       'ann', 'ORD-10042', 12.5, number % 2, map('processor', 'stripe')
     FROM numbers(${Math.ceil(traces / 4)})`,
  );
}
