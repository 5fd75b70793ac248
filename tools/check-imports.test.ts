import { expect, test } from 'vitest';
import { faultsOf } from './check-imports.ts';

test.each([
  ['packages/query/src/search/parse.ts', '@sightline/store/port', 0],
  ['packages/query/src/search/parse.ts', '@sightline/store', 1],
  ['packages/query/src/search/search.engine.test.ts', '@sightline/store', 0],
  ['packages/ingest/src/receive.ts', '@sightline/control', 1],
  ['packages/ingest/src/protocols/loki/loki.ts', '../sentry/envelope.ts', 1],
  ['packages/ingest/src/protocols/loki/loki.ts', '../otlp/build-logs.ts', 0],
  ['packages/base/src/index.ts', '../../record/src/index.ts', 1],
  ['apps/server/src/compose.ts', '@sightline/store', 0],
  ['apps/ui/src/pages/logs/logs-page.tsx', '../fleet/fleet-page.tsx', 1],
  ['somewhere/new.ts', '@sightline/base', 1],
])('%s importing %s has %d faults', (file, target, faults) => {
  expect(faultsOf(file, [target])).toHaveLength(faults);
});
