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

const intoLogs = /^INSERT INTO logs \(([^)]+)\)\s*(?=SELECT\b|WITH\b)/;

/**
 * A loading statement that stores the class with each log; undefined where it loads something else. The names of the columns come
 * from the table, because the statement itself need not name what it selects. Throws where it loads logs in another form: that is a bug.
 */
export function withClass(sql: string, expression: string): string | undefined {
  const start = Math.max(0, sql.search(/^INSERT INTO/m));
  const found = intoLogs.exec(sql.slice(start));
  if (!found) {
    if (/^INSERT INTO logs\b/m.test(sql)) throw new Error('logs are loaded by a statement that takes no class');
    return undefined;
  }
  const columns = found[1] ?? '';
  const select = sql.slice(start + found[0].length);
  return `INSERT INTO logs (${columns}, class)\nSELECT ${columns}, ${expression}\nFROM (SELECT ${columns} FROM logs WHERE 0 UNION ALL (${select}))`;
}
