import type { DashboardDocument } from '@sightline/contract';

/** The document as it stands in a repository: two spaces, one line feed at the end. */
export function exportJson(document: DashboardDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** A file's name from a title: `Orders & returns` → `orders-returns.json`. */
export function fileName(title: string): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 80);
  return `${words === '' ? 'dashboard' : words}.json`;
}
