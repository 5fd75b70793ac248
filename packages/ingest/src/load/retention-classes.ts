import type { BoundValue } from './load-target.ts';

/** The class of a log as an expression over the columns that are loaded, with its bound values. */
export interface LoadedClass {
  readonly sql: string;
  readonly parameters: Readonly<Record<string, BoundValue>>;
}

/** How the loader asks which retention class records have. */
export interface ClassBook {
  /**
   * Undefined where these organisations have the built-in classes, which the table itself knows. Rejects when one's classes were never
   * read and cannot be now: what is stored without them would be in the wrong class for ever.
   */
  of(organisations: ReadonlySet<string>): Promise<LoadedClass | undefined>;
}

const intoLogs = /^INSERT INTO logs \(([^)]+)\)\s*(?=SELECT\b)/;

/**
 * A loading statement that stores the class with each log; undefined where it loads something else. The names of the columns come
 * from the table, because the statement itself need not name what it selects.
 */
export function withClass(sql: string, { sql: expression }: LoadedClass): string | undefined {
  const start = sql.search(/^INSERT INTO/m);
  const found = intoLogs.exec(sql.slice(start));
  if (!found) return undefined;
  const columns = found[1] ?? '';
  const select = sql.slice(start + found[0].length);
  return `INSERT INTO logs (${columns}, class)\nSELECT ${columns}, ${expression}\nFROM (SELECT ${columns} FROM logs WHERE 0 UNION ALL ${select})`;
}
