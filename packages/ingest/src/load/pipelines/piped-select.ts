/** The SELECT of a statement that loads logs, told so much more that pipelines can stand around it. */
export interface PipedSelect {
  readonly columns: readonly string[];
  /** Yields those columns, by name, and `forwarded`, `key_id`, `protocol`. `{segment}` stands for the file's path. */
  readonly select: string;
}

/** Places of the loading statement where what pipelines need is added: it is read only where there are any. */
const additions = [
  ['AS attrs\nFROM', 'AS attrs, kept_at > 0 AS forwarded, key_id, protocol\nFROM'],
  ['FROM (SELECT organisation,', 'FROM (SELECT key_id, protocol, organisation,'],
  ["'organisation String,", "'key_id String, protocol String, organisation String,"],
] as const;

/** Takes `INSERT INTO logs (…) SELECT …` apart. Throws where the statement has not the form that it must have. */
export function pipedSelect(sql: string): PipedSelect {
  const [whole, names] = /^INSERT INTO logs \(([^)]*)\)\s*(?=SELECT )/m.exec(sql) ?? [];
  if (whole === undefined || names === undefined) throw new Error('the statement of logs does not begin as expected');
  const begins = sql.indexOf(whole) + whole.length;
  const select = additions.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`the statement of logs must hold ${JSON.stringify(from)} once`);
    return text.replace(from, () => to);
  }, sql.slice(begins));
  return { columns: names.split(',').map((name) => name.trim()), select };
}
