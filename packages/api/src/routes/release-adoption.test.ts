import { expect, it } from 'vitest';
import { adoptionOf, packageOf } from './release-adoption.ts';

const seen = (release: string, ...places: [environment: string, service: string, sessions: number][]) => ({
  release,
  spread: places.map(([environment, service, sessions]) => ({ environment, service, sessions })),
});

it.each<[string, ReturnType<typeof seen>[], Record<string, number>]>([
  [
    'another package is no rival',
    [
      seen('till@2', ['prod', 'till', 30]),
      seen('till@1', ['prod', 'till', 70]),
      seen('kiosk@1', ['prod', 'kiosk', 900]),
    ],
    { 'till@2': 0.3, 'till@1': 0.7, 'kiosk@1': 1 },
  ],
  [
    'nor is an environment where it does not run',
    [seen('till@2', ['staging', 'till', 5]), seen('till@1', ['prod', 'till', 995], ['staging', 'till', 5])],
    { 'till@2': 0.5, 'till@1': 1000 / 1005 },
  ],
  [
    'a version without a package is measured against its service',
    [seen('1.0', ['prod', 'web', 25]), seen('1.1', ['prod', 'web', 75]), seen('0.9', ['prod', 'mail', 10])],
    { '1.0': 0.25, '1.1': 0.75, '0.9': 1 },
  ],
  [
    'a package of two services is one',
    [seen('shop@1', ['prod', 'web', 10], ['prod', 'api', 10]), seen('shop@2', ['prod', 'api', 20])],
    { 'shop@1': 0.5, 'shop@2': 0.5 },
  ],
  ['without sessions there is none', [seen('till@2'), seen('till@1', ['prod', 'till', 0])], {}],
])('adoption: %s', (_, releases, expected) => {
  const found = adoptionOf(releases);
  expect(Object.fromEntries([...found].map(([release, { adoption }]) => [release, adoption]))).toEqual(expected);
});

it('adoption by environment', () => {
  const found = adoptionOf([
    seen('till@2', ['prod', 'till', 10], ['staging', 'till', 40]),
    seen('till@1', ['prod', 'till', 90]),
  ]);
  expect(found.get('till@2')?.environments).toEqual([
    { environment: 'staging', sessions: 40, adoption: 1 },
    { environment: 'prod', sessions: 10, adoption: 0.1 },
  ]);
});

it.each([
  ['till@1.2.0', 'till'],
  ['@shop/till@1', '@shop/till'],
  ['1.2.0', ''],
  ['@1', ''],
])('package of %s: %j', (release, name) => expect(packageOf(release)).toBe(name));
