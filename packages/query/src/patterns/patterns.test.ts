import { describe, expect, test } from 'vitest';
import { maskLine } from './mask.ts';
import { TemplateTree } from './template-tree.ts';

describe('masking', () => {
  test.each([
    ['Payment ORD-10042 declined after 1.2 s', 'Payment <_> declined after <_> s'],
    ['GET /api/v1/orders/7 took 15ms', 'GET /api/<_>/orders/<_> took <_>'],
    ['user "ann b" from 10.0.0.1:8080 id=550e8400-e29b-41d4-a716-446655440000', 'user <_> from <_> id=<_>'],
    ['{"status":200,"user":{"id":"u1"},"ok":true}', '{"status":<_>,"user":{"id":<_>},"ok":<_>}'],
    ['nothing here', 'nothing here'],
    ['', ''],
  ])('%s', (line, masked) => expect(maskLine(line)).toBe(masked));
});

/** Templates as services of a store write them; `%` is a word, `#` a number or id. */
const templates = [
  'Payment # declined by processor % after # ms',
  'Payment # authorised by processor %',
  'Order # placed at terminal # by cashier %',
  'Order # cancelled: reason=%',
  'Connection to % lost, retrying in # s',
  'Connection to % restored',
  'drawer % opened',
  'drawer % closed',
  'Printer % is out of paper',
  'Printer % is offline since #',
  'level=info msg="request done" method=% path=/orders/# status=# took=#ms',
  'level=warn msg="slow query" table=% took=#ms',
  'User % logged in from #',
  'User % logged out',
  'Failed to load module %: file not found',
  'Cache miss for key %/#',
  'Stock of article # is low: # left',
  'Stock of article # counted by %',
  'Scheduled job % started',
  'Scheduled job % finished in # ms',
  'Age verification of customer # refused',
  'Battery of device # at # percent',
  'TLS handshake with % failed: certificate expired',
  'Received signal %, shutting down',
];
const words = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel', 'india'];

/** The share of lines whose group holds exactly the lines of their template (grouping accuracy of Loghub's benchmark). */
function accuracy(truth: readonly string[], lines: readonly string[]): number {
  const tree = new TemplateTree<number>();
  for (const [index, line] of lines.entries()) tree.add(maskLine(line), index);
  tree.merge();
  const sizes = new Map<string, number>();
  for (const event of truth) sizes.set(event, (sizes.get(event) ?? 0) + 1);
  let right = 0;
  for (const { items } of tree.groups) {
    const events = new Set(items.map((index) => truth[index]!));
    const [only = ''] = events;
    if (events.size === 1 && sizes.get(only) === items.length) right += items.length;
  }
  return right / lines.length;
}

describe('grouping', () => {
  test('agrees with templates that are known', () => {
    let seed = 5;
    const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
    const truth = Array.from({ length: 3000 }, () => templates[random(templates.length)]!);
    const lines = truth.map((template) =>
      template.replaceAll(/[%#]/g, (kind) =>
        kind === '%' ? words[random(words.length)]! : `${['', 'ORD-', '10.0.0.'][random(3)]}${random(5000)}`,
      ),
    );
    expect(accuracy(truth, lines)).toBeGreaterThan(0.95);
  });
  test('keeps what is common, and says what is not', () => {
    const tree = new TemplateTree<number>();
    const lines = [
      'drawer alpha opened slowly',
      'level=info msg=done user=ann ok',
      'level=info msg=done user=bob ok',
      'entirely different words here',
    ].concat(words.map((word) => `User ${word} logged in`));
    for (const [index, line] of lines.entries()) tree.add(maskLine(line), index);
    tree.merge();
    expect(tree.groups.map(({ tokens, items }) => [tokens.join(' '), items.length])).toEqual([
      ['drawer alpha opened slowly', 1],
      ['level=info msg=done user=<_> ok', 2],
      ['entirely different words here', 1],
      ['User <_> logged in', 9],
    ]);
  });
  test('is bounded', () => {
    const tree = new TemplateTree<number>({ groups: 10, children: 4, tokens: 5 });
    for (let index = 0; index < 500; index++)
      tree.add(`${'abcdefghij'[index % 10]}${'klmnopqrst'[(index * 7) % 10]} x y z v w u ${index}`, index);
    expect(tree.groups.length).toBeLessThanOrEqual(10);
    expect(tree.groups.every(({ tokens }) => tokens.length <= 6)).toBe(true);
  });
});
