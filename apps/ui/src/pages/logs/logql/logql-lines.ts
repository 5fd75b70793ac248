import type { LogqlEntry, LogRow } from '@sightline/contract';

const severities = new Set<LogRow['severity']>(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const isSeverity = (text: string): text is LogRow['severity'] => severities.has(text as LogRow['severity']);

/** Lines as rows of the list. Their addresses are their moment, and their place among lines of the same. */
export function rowsOf(entries: readonly LogqlEntry[]): readonly LogRow[] {
  const seen = new Map<string, number>();
  return entries.map(({ tsNs, at, line, stream, metadata, parsed }) => {
    const nth = seen.get(tsNs) ?? 0;
    seen.set(tsNs, nth + 1);
    const level = stream['level'] ?? '';
    return {
      id: `${tsNs}-${nth}`,
      tsNs,
      at,
      // The query does not tell; nothing is said to be late.
      receivedAt: at,
      severity: isSeverity(level) ? level : '',
      severityText: level,
      body: line,
      site: stream['site'] ?? '',
      device: stream['device'] ?? '',
      service: stream['service_name'] ?? '',
      environment: stream['environment'] ?? '',
      release: stream['release'] ?? '',
      traceId: metadata['trace_id'] ?? '',
      spanId: metadata['span_id'] ?? '',
      correlationId: metadata['correlation_id'] ?? '',
      eventName: '',
      attributes: { ...metadata, ...parsed },
      resource: stream,
    };
  });
}

/** What the line filters of a query look for, to be lit in its lines. */
export function soughtWords(query: string): readonly string[] {
  return [...query.matchAll(/\|=\s*(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`)/g)]
    .map(([, quoted, raw]) => (raw ?? quoted?.replaceAll(/\\(.)/g, '$1') ?? '').toLowerCase())
    .filter((word) => word !== '')
    .slice(0, 20);
}

/** A log query that wants, or does not want, this value of a label besides. */
export function withLabel(query: string, label: string, value: string, out: boolean): string {
  return `${query.trimEnd()} | ${label}${out ? '!=' : '='}${JSON.stringify(value)}`;
}
