import type { TelemetryStore } from '@sightline/store';

/** Milliseconds that the generated records are spread over. */
export const day = 86_400_000;
const batch = 1_000_000;

/** SQL that makes `count` logs spread evenly over the 24 h before `endMs`; every 100,000th body holds the rare word. */
const logsSql = (organisation: string, from: number, count: number, total: number, endMs: number): string => `
INSERT INTO logs (organisation, site, device, environment, service, release, ts, received_at, severity, severity_text, body, trace_id, span_id, correlation_id, res, attrs)
SELECT '${organisation}', concat('STORE_', leftPad(toString(1 + cityHash64(n, 1) % 100), 3, '0')), 'NUC', 'production',
  ['terminal', 'gateway', 'orders', 'payment', 'inventory', 'sync'][1 + cityHash64(n, 2) % 6], '2.4.1',
  fromUnixTimestamp64Nano(toInt64(${endMs - day} * 1000000 + intDiv(n * ${day}, ${total}) * 1000000)) AS t, t, if(cityHash64(n, 3) % 50 = 0, 17, 9) AS s, if(s = 17, 'ERROR', 'INFO'),
  concat(['order', 'receipt', 'basket', 'payment', 'stock'][1 + cityHash64(n, 4) % 5], ' ord_', toString(cityHash64(n, 5) % 1000000), ' ',
    ['authorized', 'captured', 'declined', 'queued', 'reserved'][1 + cityHash64(n, 6) % 5], ' in ', toString(cityHash64(n, 7) % 500), ' ms', if(n % 100000 = 7, ' quicksilver', '')),
  toFixedString(unhex(hex(sipHash128(intDiv(n, 12)))), 16), toFixedString(unhex(hex(cityHash64(n))), 8), concat('corr_', lower(hex(cityHash64(intDiv(n, 12), 9)))),
  map('service.version', '2.4.1'), map('order.id', concat('ord_', toString(cityHash64(n, 5) % 1000000)), 'http.response.status_code', toString([200, 201, 404, 500][1 + cityHash64(n, 8) % 4]), 'thread.name', concat('worker-', toString(n % 8)))
FROM (SELECT number + ${from} AS n FROM numbers(${count}))`;

const spansSql = (organisation: string, from: number, count: number, total: number, endMs: number): string => `
INSERT INTO spans (organisation, site, device, environment, service, release, ts, received_at, duration_ns, trace_id, span_id, parent_id, name, kind, status_code, correlation_id, res, attrs)
SELECT '${organisation}', concat('STORE_', leftPad(toString(1 + cityHash64(intDiv(n, 6), 1) % 100), 3, '0')), 'NUC', 'production',
  ['gateway', 'orders', 'orders', 'inventory', 'inventory', 'payment'][1 + n % 6], '2.4.1',
  fromUnixTimestamp64Nano(toInt64(${endMs - day} * 1000000 + intDiv(n * ${day}, ${total}) * 1000000)) AS t, t, 1000000 + cityHash64(n, 3) % 200000000,
  toFixedString(unhex(hex(sipHash128(intDiv(n, 6)))), 16), toFixedString(unhex(hex(cityHash64(n, 11))), 8), if(n % 6 = 0, toFixedString('', 8), toFixedString(unhex(hex(cityHash64(n - n % 6 + [0, 0, 1, 1, 3, 1][1 + n % 6], 11))), 8)),
  ['POST /orders', 'process order', 'INSERT orders', 'reserve stock', 'SELECT inventory', 'authorize payment'][1 + n % 6], [2, 2, 3, 2, 3, 2][1 + n % 6], if(cityHash64(n, 4) % 60 = 0, 2, 1),
  concat('corr_', lower(hex(cityHash64(intDiv(n, 6), 9)))), map('service.version', '2.4.1'),
  mapConcat(map('order.id', concat('ord_', toString(cityHash64(intDiv(n, 6), 5) % 1000000))), multiIf(
    n % 6 = 2, map('db.system.name', 'postgresql', 'db.namespace', 'orders', 'db.query.text', concat('INSERT INTO orders (id, total) VALUES (', toString(n), ', 12.5)')),
    n % 6 = 4, map('db.system.name', 'postgresql', 'db.namespace', 'inventory', 'db.query.text', concat('SELECT * FROM inventory WHERE sku = ''S-', toString(n % 1000), ''' AND store IN (1, 2, 3)')),
    map('http.request.method', 'POST')))
FROM (SELECT number + ${from} AS n FROM numbers(${count}))`;

async function fill(
  store: TelemetryStore,
  table: 'logs' | 'spans',
  organisation: string,
  total: number,
  endMs: number,
): Promise<void> {
  for (let from = 0; from < total; from += batch) {
    const count = Math.min(batch, total - from);
    const sql = (table === 'logs' ? logsSql : spansSql)(organisation, from, count, total, endMs);
    await store.execute(
      sql,
      {},
      {
        timeoutMs: 300_000,
        threads: 2,
        memoryBytes: 2.5e9,
        settings: { insert_deduplication_token: `bench-${table}-${from}` },
      },
    );
    process.stderr.write(`\r  ${table}: ${((from + count) / 1e6).toFixed(1)} M of ${total / 1e6} M`);
  }
  process.stderr.write('\n');
}

/** Writes `logs` logs and `spans` spans of the day before `endMs`, through the views, as a million rows a statement. */
export async function fillDay(
  store: TelemetryStore,
  organisation: string,
  logs: number,
  spans: number,
  endMs: number,
): Promise<void> {
  await fill(store, 'logs', organisation, logs, endMs);
  await fill(store, 'spans', organisation, spans, endMs);
}
