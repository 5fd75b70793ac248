import type { ScrubbedTable } from './scrubbed-tables.ts';

/** What any rule or detector leaves; the group is its name (as the views of the schema count it). */
export const marker = '<(email|ip|pan|password|secret|token|user|(?:rule|removed):[a-z0-9-]+)(?::[a-p]{16})?>';
/** Some words around a marker, for people who look at a preview. */
const around = `(?s)(.{0,60}${marker.replace('(email', '(?:email')}.{0,60})`;

const columnOf = (name: string): string => `\`${name}\``;
/** The column of a stage that holds the new content of a table's column; with a dot it would be part of a nested one. */
const stagedOf = (name: string): string => `new_${name.replaceAll('.', '_')}`;
const keysOf = (map: string): string => `CAST(mapKeys(${map}), 'Array(String)')`;
const fieldLiteral = (field: string): string => `'${field}'`;

interface Piece {
  readonly column: string;
  readonly type: string;
  readonly fields: string;
  readonly values: string;
  /** How many texts it has. */
  readonly length: string;
  /** The column anew, from where its texts begin in `news`. */
  readonly anew: (at: string) => string;
}

/** The columns whose texts are scrubbed as one list. */
function piecesOf({ texts, maps, textLists = [], mapLists = [] }: ScrubbedTable): Piece[] {
  return [
    ...texts.map(({ column, field }) => ({
      column,
      type: 'String',
      fields: `[${fieldLiteral(field)}]`,
      values: `[toString(${columnOf(column)})]`,
      length: '1',
      anew: (at: string) => `news[${at} + 1]`,
    })),
    ...maps.map((column) => ({
      column,
      type: 'Map(String, String)',
      fields: keysOf(columnOf(column)),
      values: `mapValues(${columnOf(column)})`,
      length: `length(${columnOf(column)})`,
      anew: (at: string) =>
        `mapFromArrays(${keysOf(columnOf(column))}, arraySlice(news, ${at} + 1, length(${columnOf(column)})))`,
    })),
    ...textLists.map(({ column, field }) => ({
      column,
      type: 'Array(String)',
      fields: `arrayMap(x -> ${fieldLiteral(field)}, ${columnOf(column)})`,
      values: `CAST(${columnOf(column)}, 'Array(String)')`,
      length: `length(${columnOf(column)})`,
      anew: (at: string) => `arraySlice(news, ${at} + 1, length(${columnOf(column)}))`,
    })),
    ...mapLists.map((column) => ({
      column,
      type: 'Array(Map(String, String))',
      fields: `arrayFlatten(arrayMap(m -> ${keysOf('m')}, ${columnOf(column)}))`,
      values: `arrayFlatten(arrayMap(m -> mapValues(m), ${columnOf(column)}))`,
      length: `toUInt64(arraySum(arrayMap(m -> length(m), ${columnOf(column)})))`,
      anew: (at: string) =>
        `arrayMap((m, past) -> mapFromArrays(${keysOf('m')}, arraySlice(news, ${at} + past - length(m) + 1, length(m))), ${columnOf(column)}, arrayCumSum(arrayMap(m -> length(m), ${columnOf(column)})))`,
    })),
  ];
}

const othersOf = ({ given = [], json, follows, madeAnew = [] }: ScrubbedTable): string[] => [
  ...given.map(({ column }) => column),
  ...(json === undefined ? [] : [json]),
  ...follows,
  ...madeAnew.flat(),
];

/** Tells rows of different content apart: rows of the same content become the same. */
export function keyOf(table: ScrubbedTable): string {
  const { given = [], json, maps, mapLists = [], textLists = [], texts, follows, service, site } = table;
  const parts = [
    // Rows of a table without days are merged into others at any time: only their texts tell them apart.
    ...(table.partition === 'none' ? [] : [`toString(${columnOf(table.from)})`]),
    ...(table.received === undefined ? [] : [`toString(${columnOf(table.received)})`]),
    ...(table.madeAnew === undefined ? [] : ['toString(span_id)', 'toString(kind)']),
    ...(table.table === 'issues' ? ['issue'] : []),
    ...(service && table.partition !== 'none' ? ['toString(service)'] : []),
    ...(site ? ['toString(site)'] : []),
    ...[...texts, ...given].map(({ column }) => `toString(${columnOf(column)})`),
    ...(json === undefined ? [] : [columnOf(json)]),
    ...maps.flatMap((column) => [keysOf(columnOf(column)), `mapValues(${columnOf(column)})`]),
    ...[...textLists.map(({ column }) => column), ...mapLists].map((column) => `toString(${columnOf(column)})`),
    ...follows.map((column) => `toString(${columnOf(column)})`),
  ];
  return `hex(sipHash128(${parts.join(', ')}))`;
}

/** The table that holds what the rows of `table` become. */
export function createStage(table: ScrubbedTable, name: string): string {
  const columns = [
    ...piecesOf(table).map(({ column, type }) => `${stagedOf(column)} ${type}`),
    ...othersOf(table).map((column) => `${stagedOf(column)} String`),
  ];
  return `CREATE TABLE IF NOT EXISTS ${name} (k String, copies UInt64, held UInt8, service String, site String, received Date, gained Array(String), lost Array(String),
    shown Array(String), ${columns.join(', ')}) ENGINE = Join(ANY, LEFT, k)`;
}

export interface StagePlan {
  readonly table: ScrubbedTable;
  /** With the database's name. */
  readonly stage: string;
  /** Functions of the scrubber. */
  readonly functions: string;
  /** Condition of the rows. */
  readonly where: string;
  /** Condition of those among them that a legal hold keeps. */
  readonly held: string;
  /** Where JSON was scrubbed before: a table of what changes, by key. */
  readonly json?: string;
  /** Defaults of the columns that are made anew. */
  readonly defaults: ReadonlyMap<string, string>;
}

/**
 * Scrubs the rows that `where` names into the stage: those alone that change, one for all of the same content. A name that is used
 * more than once is made one level further in, as in the statements that load.
 */
export function fillStage({ table, stage, functions, where, held, json, defaults }: StagePlan): string {
  const pieces = piecesOf(table);
  const given = table.given ?? [];
  const others = othersOf(table);
  const staged = [...pieces.map(({ column }) => column), ...others].map(stagedOf);
  const list = (of: (piece: Piece) => string): string =>
    pieces.length === 1 ? of(pieces[0] as Piece) : `arrayConcat(${pieces.map(of).join(', ')})`;
  let at = '0';
  const anew = pieces.map((piece) => {
    const made = `${piece.anew(at)} AS ${stagedOf(piece.column)}`;
    at = `${at} + ${piece.length}`;
    return made;
  });
  const jsonAnew =
    table.json === undefined
      ? []
      : [
          json === undefined
            ? `scrub_json_parts([${columnOf(table.json)}]) AS ${stagedOf(table.json)}`
            : `if(joinGet('${json}', 'payload', k) = '', ${columnOf(table.json)}, joinGet('${json}', 'payload', k)) AS ${stagedOf(table.json)}`,
        ];
  const follow = table.follows.map((column) => {
    const value = `toString(${columnOf(column)})`;
    return `if(${value} != '' AND has(olds, ${value}), news[indexOf(olds, ${value})], ${value}) AS ${stagedOf(column)}`;
  });
  const handed = given.map(
    ({ column, field }) =>
      `own_given_texts([${fieldLiteral(field)}], [toString(${columnOf(column)})])[1] AS ${stagedOf(column)}`,
  );
  // Everything that may change, as it was and as it becomes.
  const plain = [
    ...given.map(({ column }) => column),
    ...(table.json === undefined ? [] : [table.json]),
    ...table.follows,
  ];
  const before = ['olds', `[${plain.map((column) => `toString(${columnOf(column)})`).join(', ')}]`];
  const after = ['news', `[${plain.map(stagedOf).join(', ')}]`];
  const all = (of: string[]): string => (plain.length === 0 ? (of[0] ?? '') : `arrayConcat(${of.join(', ')})`);
  const base = ['service', 'site'] as const;
  const identity = base.map((name) => `${table[name] ? `toString(${name})` : "''"} AS of_${name}`).join(', ');
  const inner = `SELECT *, ${keyOf(table)} AS k, ${identity}, ${list(({ fields }) => fields)} AS fs, ${list(({ values }) => values)} AS olds, toUInt8(${held}) AS is_held
      FROM ${table.table} WHERE ${where}`;
  const scrubbed = `SELECT *, own_texts(fs, olds) AS news FROM (${inner})`;
  const renewed = `SELECT *, ${[...anew, ...jsonAnew, ...follow, ...handed].join(', ')} FROM (${scrubbed})`;
  const changed = `SELECT *, ${all(before)} AS was, ${all(after)} AS becomes FROM (${renewed}) WHERE was != becomes`;
  const whole = (table.madeAnew ?? []).reduce(
    (from, columns) => {
      const made = columns.map(
        (column) => `toString(${defaults.get(column) ?? columnOf(column)}) AS ${stagedOf(column)}`,
      );
      const replaced = columns.map((column) => `${stagedOf(column)} AS ${columnOf(column)}`);
      return `SELECT * REPLACE (${replaced.join(', ')}) FROM (SELECT *, ${made.join(', ')} FROM (${from}))`;
    },
    table.madeAnew === undefined
      ? changed
      : `SELECT * REPLACE (${pieces.map(({ column }) => `${stagedOf(column)} AS ${columnOf(column)}`).join(', ')}) FROM (${changed})`,
  );
  const changes = 'arrayFilter((a, b) -> a != b, becomes, was)';
  const received = table.received === undefined ? `toDate(0)` : `toDate(${columnOf(table.received)})`;
  return `INSERT INTO ${stage} (k, copies, held, service, site, received, gained, lost, shown, ${staged.join(', ')})
    WITH ${functions}
    SELECT k, count(), any(is_held), any(of_service), any(of_site), any(${received}), any(extractAll(arrayStringConcat(becomes, '\\n'), '${marker}')), any(extractAll(arrayStringConcat(was, '\\n'), '${marker}')),
      any(arrayFilter(x -> x != '', arrayMap(x -> extract(x, '${around}'), arraySlice(${changes}, 1, 5)))), ${staged.map((name) => `any(${name})`).join(', ')}
    FROM (${whole}) GROUP BY k`;
}

/** Puts what stands in the stage into the rows. */
export function applyStage(table: ScrubbedTable, stage: string, partition: string | undefined): string {
  const k = keyOf(table);
  const columns = [...piecesOf(table).map(({ column }) => column), ...othersOf(table)];
  const sets = columns.map((column) => `${columnOf(column)} = joinGet('${stage}', '${stagedOf(column)}', ${k})`);
  const part = partition === undefined ? '' : `IN PARTITION ID '${partition}' `;
  return `ALTER TABLE ${table.table} UPDATE ${sets.join(', ')} ${part}WHERE organisation = {organisation:String} AND ${k} IN (SELECT k FROM ${stage} WHERE held = 0)`;
}

/** What was removed, by rule, service and site: what the texts have now less what they had. */
export const countStage = (stage: string, held: 0 | 1): string =>
  `SELECT replaceRegexpOne(found.1, '^(?:rule|removed):', '') AS rule, service, site, toString(sum(toInt64(copies) * found.2)) AS removed FROM
    (SELECT service, site, copies, arrayJoin(arrayConcat(arrayMap(x -> (x, 1), gained), arrayMap(x -> (x, -1), lost))) AS found FROM ${stage} WHERE held = ${held})
   GROUP BY rule, service, site HAVING sum(toInt64(copies) * found.2) > 0 ORDER BY sum(toInt64(copies) * found.2) DESC, rule, service, site LIMIT 2000`;
