/**
 * The architecture as a table: who may import whom. Closed world: a source file that no row covers is refused, and so is
 * an import that its row does not allow. `--print` prints the table for ARCHITECTURE.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Part {
  /** Folder, relative to the repository. */
  readonly folder: string;
  readonly what: string;
  /** Packages or package doors (`@sightline/store/port`) it may import; '*' is everything. */
  readonly mayImport: readonly string[];
  /** Further packages that its tests may import: real engines instead of mocks. */
  readonly testsMayImport?: readonly string[];
  /** Folders whose members never import each other: each subfolder is one member of a kind. */
  readonly kinds?: readonly string[];
}

const own = (...names: string[]): string[] => names.map((name) => `@sightline/${name}`);

export const parts: readonly Part[] = [
  {
    folder: 'packages/base',
    what: 'result values, clock, duration, retry, bounded queue, cache, logger, redaction',
    mayImport: [],
  },
  { folder: 'packages/record', what: 'the nouns stages hand to each other; values only', mayImport: own('base') },
  {
    folder: 'packages/store',
    what: 'embedded engine, schema and migrations, the port, ClickHouse client, blobs',
    mayImport: own('base', 'record'),
  },
  {
    folder: 'packages/ingest',
    what: 'receive, protocols, spool, load, error grouping, source maps, ledger',
    mayImport: own('base', 'base/protobuf', 'record'),
    testsMayImport: own('store', 'store/testing', 'query'),
    kinds: ['packages/ingest/src/protocols'],
  },
  {
    folder: 'packages/query',
    what: 'search language and reads',
    mayImport: own('base', 'record', 'store/port'),
    testsMayImport: own('store', 'store/testing'),
  },
  {
    folder: 'packages/metrics',
    what: 'metric store: head, chunks, series index, roll-ups, PromQL on worker threads',
    mayImport: own('base', 'record', 'store/port', 'query/promql', 'ingest/metric-formats'),
    testsMayImport: own('store', 'store/testing', 'ingest', 'ingest/otlp'),
  },
  {
    folder: 'packages/scrape',
    what: 'Prometheus scraping: configuration, discovery, relabelling, exposition formats. Used by server and agent',
    mayImport: own('base', 'base/protobuf', 'record'),
  },
  {
    folder: 'packages/control',
    what: 'PostgreSQL: organisations, people, roles, keys, sites, settings, audit',
    mayImport: own('base', 'record'),
  },
  {
    folder: 'packages/monitors',
    what: 'what a check is; runs once, returns a result. Used by server and agent',
    mayImport: own('base'),
    kinds: ['packages/monitors/src/types'],
  },
  {
    folder: 'packages/detect',
    what: 'rules, uptime judgement, silence: findings',
    mayImport: own('base', 'record', 'query', 'query/promql', 'monitors', 'control', 'store/port'),
    testsMayImport: own('store', 'store/testing', 'control/testing', 'query/promql/testing'),
    kinds: ['packages/detect/src/rule-types'],
  },
  {
    folder: 'packages/respond',
    what: 'findings to incidents, escalation, notifications, silences',
    mayImport: own('base', 'record', 'control'),
    testsMayImport: own('control/testing'),
    kinds: ['packages/respond/src/channels'],
  },
  {
    folder: 'packages/fleet',
    what: "the server's side of agents: sessions, diagnostics, the link's messages",
    mayImport: own('base', 'record', 'control'),
    testsMayImport: own('control/testing'),
  },
  {
    folder: 'packages/contract',
    what: 'request and response schemas the interface may know',
    mayImport: own('base', 'record'),
  },
  {
    folder: 'packages/api',
    what: 'routes for the interface, health, metrics, OpenAPI',
    mayImport: own(
      'base',
      'record',
      'contract',
      'control',
      'ingest',
      'ingest/source-maps',
      'query',
      'query/promql',
      'store/port',
      'monitors',
      'detect',
      'respond',
      'scrape/config',
      'fleet',
      'fleet/messages',
    ),
    testsMayImport: own('store', 'store/testing', 'control/testing', 'query/promql/testing'),
    kinds: [],
  },
  {
    folder: 'apps/server',
    what: 'main, config (the only reader of the environment), compose (the only place that knows implementations), roles',
    mayImport: ['*'],
  },
  {
    folder: 'apps/agent',
    what: "the site's agent: link, diagnostics, host metrics, receive and spool",
    mayImport: own(
      'base',
      'record',
      'ingest',
      'ingest/otlp',
      'ingest/site',
      'ingest/grpc',
      'ingest/metric-formats',
      'monitors',
      'scrape',
      'fleet/messages',
    ),
    testsMayImport: own('store', 'store/testing'),
    kinds: ['apps/agent/src/diagnostics'],
  },
  {
    folder: 'apps/ui',
    what: 'React: shell, data, components, charts, pages',
    mayImport: own('base', 'contract'),
    kinds: ['apps/ui/src/pages'],
  },
  { folder: 'examples/fleet-simulator', what: 'a hundred stores that report through stock SDKs', mayImport: [] },
  { folder: 'examples/react-kiosk', what: 'a page whose error boundaries recover and take feedback', mayImport: [] },
  { folder: 'bench', what: 'scenarios measured against our server and a peer', mayImport: ['*'] },
  { folder: 'tests', what: 'journeys: the real product in a real browser', mayImport: ['*'] },
  { folder: 'tools', what: 'programs that look after the repository', mayImport: ['*'] },
  { folder: 'scripts', what: 'npm start, npm test: plain JavaScript for any Node', mayImport: [] },
];

const root = path.dirname(import.meta.dirname);
const skipped = new Set(['node_modules', 'dist', '.git', '.runtime', 'fixtures', '.cache', 'coverage', 'test-results']);

function sourceFiles(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const relative = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : sourceFiles(relative);
    return /\.(ts|tsx|mts|mjs|js)$/.test(entry.name) ? [relative] : [];
  });
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g;

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

/** The member folder of a kind that `file` lies in, '' when it lies beside them (`all.ts`, a contract suite). */
function memberOf(kind: string, file: string): string {
  const rest = file.slice(kind.length + 1).split('/');
  return file.startsWith(`${kind}/`) && rest.length > 1 ? (rest[0] ?? '') : '';
}

/** Complaints about one file, each a sentence. */
export function faultsOf(file: string, imports: readonly string[]): string[] {
  const part = parts.find((candidate) => file.startsWith(`${candidate.folder}/`));
  if (!part)
    return /^[^/]+\.(ts|mjs)$/.test(file)
      ? []
      : [`${file}: no row of the table covers it; add its part to tools/check-imports.ts`];
  const isTest = /\.test\.tsx?$|\/fixtures\/|test-support/.test(file);
  const allowed = [...part.mayImport, ...(isTest ? (part.testsMayImport ?? []) : [])];
  return imports.flatMap((target) => {
    if (target.startsWith('@sightline/')) {
      const self = target === `@sightline/${path.posix.basename(part.folder)}`;
      return self || allowed.includes('*') || allowed.includes(target)
        ? []
        : [`${file}: ${part.folder} may not import ${target}`];
    }
    if (!target.startsWith('.')) return [];
    const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
    if (!resolved.startsWith(`${part.folder}/`) && !allowed.includes('*'))
      return [`${file}: reaches into ${resolved}; import the package by name`];
    return (part.kinds ?? []).flatMap((kind) => {
      const [from, to] = [memberOf(kind, file), memberOf(kind, resolved)];
      return from && to && from !== to && !sharedMembers.includes(`${kind}/${to}`)
        ? [`${file}: members of ${kind} never import each other (${to})`]
        : [];
    });
  });
}

/** Members that others build on by design: OTLP is the canonical form that log protocols transcode into. */
const sharedMembers: readonly string[] = ['packages/ingest/src/protocols/otlp'];

function main(): void {
  if (process.argv.includes('--print')) {
    console.log('| part | what lives there | may import |\n| --- | --- | --- |');
    for (const part of parts) {
      const names = part.mayImport.map((name) => (name === '*' ? 'everything' : name.replace('@sightline/', '')));
      console.log(`| \`${part.folder}\` | ${part.what} | ${names.join(', ') || 'nothing of ours'} |`);
    }
    return;
  }
  const files = readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name) || entry.name === 'data' || entry.name.startsWith('.')) return [];
    if (entry.isDirectory()) return sourceFiles(entry.name);
    return /\.(ts|mjs)$/.test(entry.name) ? [entry.name] : [];
  });
  const faults = files.flatMap((file) => faultsOf(file, importsOf(file)));
  for (const fault of faults) console.error(fault);
  console.log(`${files.length} files, ${faults.length} forbidden imports`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) main();
