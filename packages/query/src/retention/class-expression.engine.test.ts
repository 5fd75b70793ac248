import { builtInClasses, type RetentionClass } from '@sightline/record';
import type { EmbeddedStore } from '@sightline/store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSmallStore } from '../test-support/small-store.ts';
import { classExpression, classExpressionOf, isBuiltIn } from './class-expression.ts';

interface Line {
  readonly organisation?: string;
  readonly service?: string;
  readonly event?: string;
  readonly body?: string;
  readonly severity?: number;
  readonly attrs?: Readonly<Record<string, string>>;
  readonly res?: Readonly<Record<string, string>>;
}

let store: EmbeddedStore;
let close: () => Promise<void>;
beforeAll(async () => void ({ store, close } = await openSmallStore()));
afterAll(() => close());

const map = (values: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries(values));

/** Stores the lines and answers the class of each, by the table's own default and by an expression. */
async function classesOf(
  lines: readonly Line[],
  expression: { sql: string; parameters: Readonly<Record<string, unknown>> },
): Promise<{ stored: string; computed: string }[]> {
  await store.execute('TRUNCATE TABLE logs');
  for (const [i, line] of lines.entries())
    await store.execute(
      `INSERT INTO logs (organisation, service, event_name, body, severity, attrs, res, flags, ts)
       SELECT {organisation:String}, {service:String}, {event:String}, {body:String}, {severity:UInt8}, {attrs:Map(String, String)}, {res:Map(String, String)}, {i:UInt8}, now64(9)`,
      {
        organisation: line.organisation ?? 'acme',
        service: line.service ?? 'web',
        event: line.event ?? '',
        body: line.body ?? '',
        severity: line.severity ?? 9,
        attrs: map(line.attrs),
        res: map(line.res),
        i,
      },
    );
  return store.query(
    `SELECT toString(class) AS stored, ${expression.sql} AS computed FROM logs ORDER BY flags`,
    expression.parameters as Record<string, string>,
  );
}

function read(classes: readonly RetentionClass[]): { sql: string; parameters: Readonly<Record<string, unknown>> } {
  const expression = classExpression(classes, 'k');
  if (!expression.ok) throw new Error(expression.error.message);
  return expression.value;
}

describe('the built-in classes', () => {
  const lines: [Line, string][] = [
    [{}, 'default'],
    [{ body: 'audit payment age_check' }, 'default'],
    [{ service: 'pos-payment' }, 'compliance'],
    [{ service: 'Age-Verification' }, 'compliance'],
    [{ service: 'repayments' }, 'default'],
    [{ service: 'age' }, 'default'],
    [{ event: 'audit.login' }, 'compliance'],
    [{ event: 'user.audit' }, 'compliance'],
    [{ event: 'user.login' }, 'default'],
    [{ attrs: { 'audit.actor': 'ann' } }, 'compliance'],
    [{ attrs: { other: '1', 'Payment.Id': '7' } }, 'compliance'],
    [{ attrs: { 'age check': 'yes' } }, 'compliance'],
    [{ attrs: { ageing: 'yes', page: '1' } }, 'default'],
    [{ attrs: { 'last.audit': 'x' } }, 'default'],
    [{ res: { 'audit.actor': 'ann' } }, 'default'],
    [{ attrs: { 'retention.class': 'compliance' } }, 'compliance'],
    [{ res: { 'retention.class': 'compliance' } }, 'compliance'],
    [{ attrs: { 'retention.class': 'default', 'audit.actor': 'ann' } }, 'default'],
    [{ attrs: { 'retention.class': 'default' }, res: { 'retention.class': 'compliance' } }, 'default'],
    [{ attrs: { 'retention.class': 'nonsense' }, service: 'payment' }, 'compliance'],
    [{ attrs: { 'retention.class': 'nonsense' } }, 'default'],
  ];
  test('the default of the column is what their queries say', async () => {
    const found = await classesOf(
      lines.map(([line]) => line),
      read(builtInClasses),
    );
    expect(found).toEqual(lines.map(([, expected]) => ({ stored: expected, computed: expected })));
  });
  test('are known by names and queries, whatever their days', () => {
    expect(isBuiltIn(builtInClasses.map((one) => ({ ...one, keepDays: 1 })))).toBe(true);
    expect(isBuiltIn(builtInClasses.toReversed())).toBe(false);
    expect(isBuiltIn(builtInClasses.slice(0, 1))).toBe(false);
    expect(isBuiltIn(builtInClasses.map((one) => ({ ...one, query: `${one.query} ` })))).toBe(false);
  });
});

const days = { hotDays: 3, keepDays: 30 };
const own: RetentionClass[] = [
  { name: 'noise', query: 'severity:<info service:(web OR sync)', ...days },
  { name: 'cards', query: 'card* OR @tender:card OR "it\'s \\"quoted\\""', ...days },
  { name: 'default', query: '', ...days },
];

describe('classes of one’s own', () => {
  test.each<[Line, string]>([
    [{ severity: 5 }, 'noise'],
    [{ severity: 5, body: 'card declined' }, 'noise'],
    [{ severity: 9, body: 'Cards declined' }, 'cards'],
    [{ attrs: { tender: 'card' } }, 'cards'],
    [{ res: { tender: 'card' } }, 'default'],
    [{ body: 'it\'s "quoted"' }, 'cards'],
    [{ service: 'payment' }, 'default'],
    [{ attrs: { 'retention.class': 'cards' }, severity: 5 }, 'cards'],
    [{ attrs: { 'retention.class': 'compliance' } }, 'default'],
  ])('%j is of the first that takes it: %s', async (line, expected) => {
    expect(await classesOf([line], read(own))).toMatchObject([{ computed: expected }]);
  });

  test('of several organisations, each its own; a query that cannot be read takes nothing and is told', async () => {
    const told: string[] = [];
    const expression = classExpressionOf(
      [
        { organisation: 'acme', classes: own },
        { organisation: "o'hara", classes: [{ name: 'broken', query: 'severity:loud', ...days }, ...own.slice(1)] },
      ],
      (organisation, { name }) => told.push(`${organisation} ${name}`),
    );
    const found = await classesOf(
      ['acme', "o'hara", 'rival'].flatMap((organisation) => [
        { organisation, severity: 5, body: 'card' },
        { organisation, service: 'payment' },
      ]),
      expression,
    );
    expect(found.map(({ computed }) => computed)).toEqual([
      'noise',
      'default',
      'cards',
      'default',
      'default',
      'compliance',
    ]);
    expect(told).toEqual(["o'hara broken"]);
  });

  test.each([
    ['service:', 'expected a value'],
    ['a -(retention.class:default)', 'expected another field'],
    ['b OR Retention.Class:x', 'expected another field'],
  ])('%s is refused', (query, message) => {
    expect(classExpression([{ name: 'x', query }], 'k')).toMatchObject({
      ok: false,
      error: { name: 'x', message: expect.stringContaining(message) },
    });
  });
});
