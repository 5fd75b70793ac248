import { expect, test } from 'vitest';
import { Places } from './places.ts';
import type { ApiDeps } from './route.ts';

const server = () => ({}) as unknown as ApiDeps;
const entered = (places: Places, deps: ApiDeps, organisation: string, tries: number): number =>
  Array.from({ length: tries }, () => places.enter(deps, organisation)).filter(Boolean).length;

test('places are bounded for each organisation and for the server; one that is left is free again', () => {
  const places = new Places({ server: 5, organisation: 3 });
  const here = server();
  expect(entered(places, here, 'acme', 10)).toBe(3);
  expect(entered(places, here, 'rival', 10)).toBe(2);
  places.leave(here, 'acme');
  expect(entered(places, here, 'rival', 10)).toBe(1);
  expect(entered(places, here, 'acme', 10)).toBe(0);
  expect(entered(places, server(), 'acme', 10)).toBe(3);
});
