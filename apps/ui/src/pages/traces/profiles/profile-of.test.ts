import { describe, expect, it } from 'vitest';
import { spanAt } from '../../../records/span.fixture.ts';
import { buildSpanTree } from '../span-tree.ts';
import { profileOf } from './profile-of.ts';

const [profile, profiler] = ['a'.repeat(32), 'b'.repeat(32)];
const at = 1_760_000_000_000;

describe('the profile of a span', () => {
  const span = (id: string, parent: string, attributes: Record<string, string> = {}, service = 'shop') =>
    spanAt(id, parent, 0, 5.5, { attributes, service });
  const spans = [
    span('own', '', { 'sentry.profile_id': profile }),
    span('child', 'own'),
    span('other', 'child', {}, 'payment'),
    span('chunked', '', { 'sentry.profiler_id': profiler }),
    span('bad', '', { 'sentry.profile_id': '../x' }),
  ];
  const tree = buildSpanTree(spans);
  it.each([
    ['own', profile],
    ['child', profile],
    ['other', undefined],
    ['chunked', profiler],
    ['bad', undefined],
  ])('%s', (id, expected) => {
    const node = tree.byId.get(id);
    const found = node && profileOf(node.span, tree);
    expect(found).toEqual(expected === undefined ? undefined : { id: expected, since: at, until: at + 6 });
  });
});
