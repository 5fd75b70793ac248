import { fail, ok, type Result } from '@sightline/base';
import { dashboardDocument, type DashboardDocument, type ImportNote } from '@sightline/contract';
import { isGrafana, readGrafana } from './grafana/read-grafana.ts';

export interface ReadDashboard {
  readonly from: 'sightline' | 'grafana';
  readonly document: DashboardDocument;
  readonly notes: ImportNote[];
}

/** A dashboard from JSON, of ours or of Grafana; the failure says in a sentence what it is not. */
export function readImport(source: Readonly<Record<string, unknown>>): Result<ReadDashboard, string> {
  if (isGrafana(source)) {
    const read = readGrafana(source);
    return read.ok ? ok({ from: 'grafana', document: read.value.document, notes: [...read.value.notes] }) : read;
  }
  const read = dashboardDocument.safeParse(source);
  if (read.success) return ok({ from: 'sightline', document: read.data, notes: [] });
  const [first] = read.error.issues;
  return fail(
    `Expected a dashboard as Sightline or Grafana exports it. As one of ours: ${first?.path.join('.') || 'document'}: ${first?.message ?? 'not readable'}.`,
  );
}
