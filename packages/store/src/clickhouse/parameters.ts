/** Parameter values in the form in which ClickHouse's HTTP interface takes them. */
import type { ParameterValue } from '../port/index.ts';

const escapes: Readonly<Record<string, string>> = {
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  "'": "\\'",
  '\\': '\\\\',
  '\0': '\\0',
};

function escapeText(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replaceAll(/[\t\n\r'\\\0]/g, (c) => escapes[c] ?? c);
}

function inside(value: ParameterValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${escapeText(value)}'`;
  if (value instanceof Date) return `'${dateText(value)}'`;
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  return formatParameter(value);
}

/** Seconds since the epoch with milliseconds: free of time zones for every date type. Before 1970, the UTC time as text. */
function dateText(value: Date): string {
  const ms = value.getTime();
  if (ms < 0)
    return value
      .toISOString()
      .replace('T', ' ')
      .replace(/(?:\.000)?Z$/, '');
  const seconds = String(Math.floor(ms / 1000)).padStart(10, '0');
  const rest = ms % 1000;
  return rest === 0 ? seconds : `${seconds}.${String(rest).padStart(3, '0')}`;
}

/** One value as text for `param_<name>`. The type in the query decides how the store reads it. */
export function formatParameter(value: ParameterValue): string {
  if (value === null) return '\\N';
  if (typeof value === 'string') return escapeText(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'nan';
    if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (value instanceof Date) return dateText(value);
  if (value instanceof Map) {
    return `{${[...(value as ReadonlyMap<string, string>)].map(([k, v]) => `${inside(k)}:${inside(v)}`).join(',')}}`;
  }
  return `[${(value as readonly ParameterValue[]).map(inside).join(',')}]`;
}
