import type { SpanRecord } from '../span-row.ts';

/** `2.3 s`, `41 ms`, `0.8 ms`, `3 min 20 s`. */
export function spoken(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 120_000) return `${Math.floor(size / 60_000)} min ${Math.round((size % 60_000) / 1000)} s`;
  if (size >= 1000) return `${(size / 1000).toFixed(size < 10_000 ? 1 : 0)} s`;
  return size >= 10 ? `${Math.round(size)} ms` : `${size.toFixed(1)} ms`;
}

/** `82 %`. */
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** What a person calls a span: a database query by verb and table, everything else by its name. */
export function labelOf(span: SpanRecord): string {
  const text = span.attributes['db.query.text'] ?? span.attributes['db.statement'] ?? '';
  return text === '' ? span.name : shortStatement(text);
}

/** `SELECT … FROM inventory`, `INSERT INTO orders`, `UPDATE stock`; else the first sixty characters. */
export function shortStatement(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim().slice(0, 4000);
  const table = '([\\w$."`\\[\\]-]+)';
  const rules: readonly (readonly [RegExp, (name: string) => string])[] = [
    [new RegExp(`^(?:WITH\\b.*?)?SELECT\\b.*?\\bFROM ${table}`, 'i'), (name) => `SELECT … FROM ${name}`],
    [new RegExp(`^(?:INSERT|REPLACE)\\b.*?\\bINTO ${table}`, 'i'), (name) => `INSERT INTO ${name}`],
    [new RegExp(`^UPDATE ${table}`, 'i'), (name) => `UPDATE ${name}`],
    [new RegExp(`^DELETE FROM ${table}`, 'i'), (name) => `DELETE FROM ${name}`],
  ];
  for (const [rule, say] of rules) {
    const name = rule.exec(plain)?.[1];
    if (name !== undefined) return say(name.replaceAll(/["`[\]]/g, ''));
  }
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain;
}
