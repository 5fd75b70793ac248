import type { LogRow } from '@sightline/contract';

/** A field of a record as the drawer lists it. `search` is its name in the search language; '' when it has none. */
export interface LogField {
  readonly label: string;
  readonly value: string;
  readonly search: string;
  readonly group: 'record' | 'attributes' | 'resource';
}

/** Only such names can stand before a colon in a search. */
const searchable = /^[A-Za-z_@][A-Za-z0-9_.@/-]*$/;

function own(row: LogRow): readonly (readonly [string, string])[] {
  return [
    ['severity', row.severity],
    ['site', row.site],
    ['device', row.device],
    ['service', row.service],
    ['environment', row.environment],
    ['release', row.release],
    ['trace', row.traceId],
    ['span', row.spanId],
    ['correlation', row.correlationId],
    ['event', row.eventName],
  ];
}

/** All that a record says of itself, in the order to read: its own fields, its attributes, its sender's. */
export function logFieldsOf(row: LogRow): readonly LogField[] {
  const named = own(row)
    .filter(([, value]) => value !== '')
    .map(([label, value]): LogField => ({ label, value, search: label, group: 'record' }));
  return [...named, ...freeFields(row.attributes, 'attributes', '@'), ...freeFields(row.resource, 'resource', 'res.')];
}

/**
 * The value of a column: a record's own field by its name here, an attribute by its name in the search language (the
 * record's own before its sender's); '' where it has none.
 */
export function columnValue(row: LogRow, name: string): string {
  const known = own(row).find(([label]) => label === name);
  if (known !== undefined) return known[1];
  if (name.startsWith('@')) return valueIn(row.attributes, name.slice(1));
  if (name.startsWith('res.')) return valueIn(row.resource, name.slice(4));
  return valueIn(row.attributes, name) || valueIn(row.resource, name);
}

const valueIn = (values: Readonly<Record<string, string>>, name: string): string =>
  Object.hasOwn(values, name) ? (values[name] ?? '') : '';

/** An attribute's name as the search language takes it: `@order` for the record's own, `res.host` for the resource's. */
export function freeFields(
  values: Readonly<Record<string, string>>,
  group: 'attributes' | 'resource',
  prefix: '@' | 'res.',
): readonly LogField[] {
  return Object.entries(values)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value, search: searchName(label, prefix), group }));
}

/** How a search names an attribute; '' where it cannot. */
export function searchName(label: string, prefix: '@' | 'res.'): string {
  const name = prefix === '@' && label.includes('.') ? label : prefix + label;
  return searchable.test(name) ? name : '';
}
