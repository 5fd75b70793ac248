import { defineConfig } from 'vitest/config';

/** Tests of the whole product that mostly wait: for a line that is cut, an escalation that is due, a process that starts again. */
const waiting = [
  'tests/durability/agent-link.test.ts',
  'tests/durability/backfill-kill.test.ts',
  'tests/durability/metric-kill.test.ts',
  'tests/durability/remedy-kill.test.ts',
  'tests/journeys/feedback.test.ts',
  'tests/journeys/first-remedy.test.ts',
  'tests/journeys/sampling.test.ts',
];

/**
 * Whole processes share the machine with others and may stand still for seconds: a test of them that fails is run once
 * more, and the report says so. What fails twice is broken.
 */
const stalls = 1;
const browser = ['tests/support/unpack-browser.ts'];
/** What such a test polls for may take as long as a stall. */
const patient = { poll: { timeout: 15_000 } };

/**
 * Four projects. `unit` is quick and shares one thread pool without isolation; `engine` starts real engines, two files
 * at a time; `journeys` drives the whole product in a browser, two at a time, for each waits more than it works; `waiting`
 * runs beside both.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{packages,apps,examples,bench,tools,scripts}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/*.engine.test.ts'],
          pool: 'threads',
          isolate: false,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'engine',
          expect: patient,
          include: ['{packages,apps,examples,bench}/**/*.engine.test.ts'],
          exclude: ['**/node_modules/**'],
          pool: 'forks',
          // One process reads the product's modules once for all its files; with one a file, that was a third of the work.
          isolate: false,
          maxWorkers: 2,
          retry: stalls,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'waiting',
          expect: patient,
          include: waiting,
          globalSetup: browser,
          pool: 'forks',
          fileParallelism: false,
          retry: stalls,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'journeys',
          expect: patient,
          include: ['tests/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...waiting],
          globalSetup: browser,
          pool: 'forks',
          isolate: false,
          maxWorkers: 2,
          retry: stalls,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
