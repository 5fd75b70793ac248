import type { LogRecord } from '@sightline/query';

export type ExportFormat = 'csv' | 'ndjson';

/** How the records of an export are written. `lines` yields pieces of some hundred lines each. */
export const exportFormats: Readonly<
  Record<
    ExportFormat,
    { readonly contentType: string; readonly lines: (rows: AsyncIterable<LogRecord>) => AsyncGenerator<string> }
  >
> = {
  csv: {
    contentType: 'text/csv; charset=utf-8',
    lines: (rows) => gather(rows, csvLine, `${csvColumns.map((c) => c.title).join(',')}\r\n`),
  },
  ndjson: {
    contentType: 'application/x-ndjson; charset=utf-8',
    lines: (rows) => gather(rows, (row) => `${JSON.stringify(row)}\n`, ''),
  },
};

const csvColumns: readonly { readonly title: string; readonly cell: (row: LogRecord) => string }[] = [
  { title: 'time', cell: (row) => isoNs(row.tsNs) },
  { title: 'severity', cell: (row) => row.severity },
  { title: 'site', cell: (row) => row.site },
  { title: 'device', cell: (row) => row.device },
  { title: 'service', cell: (row) => row.service },
  { title: 'environment', cell: (row) => row.environment },
  { title: 'release', cell: (row) => row.release },
  { title: 'body', cell: (row) => row.body },
  { title: 'trace', cell: (row) => row.traceId },
  { title: 'span', cell: (row) => row.spanId },
  { title: 'correlation', cell: (row) => row.correlationId },
  { title: 'event', cell: (row) => row.eventName },
  { title: 'attributes', cell: (row) => JSON.stringify(row.attributes) },
  { title: 'resource', cell: (row) => JSON.stringify(row.resource) },
];

/** One line of RFC 4180. */
export function csvLine(row: LogRecord): string {
  return `${csvColumns.map((column) => csvCell(column.cell(row))).join(',')}\r\n`;
}

/**
 * A cell that a spreadsheet shows and never computes: what would begin a formula is led by an apostrophe
 * (https://owasp.org/www-community/attacks/CSV_Injection).
 */
export function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe !== text ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** `2026-03-01T12:00:00.123456789Z` of nanoseconds since the epoch. */
function isoNs(ns: string): string {
  const seconds = new Date(Number(BigInt(ns) / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(BigInt(ns) % 1_000_000_000n).toString().padStart(9, '0')}Z`;
}

const linesPerPiece = 200;

async function* gather(
  rows: AsyncIterable<LogRecord>,
  line: (row: LogRecord) => string,
  head: string,
): AsyncGenerator<string> {
  let piece = head;
  let lines = 0;
  for await (const row of rows) {
    piece += line(row);
    if (++lines % linesPerPiece === 0) {
      yield piece;
      piece = '';
    }
  }
  if (piece !== '') yield piece;
}
