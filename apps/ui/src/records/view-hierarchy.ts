/** A view of a mobile program as it stood when an event happened. */
export interface ViewNode {
  readonly type: string;
  readonly identifier: string;
  /** `120 × 40 at 0, 64`; '' where it is not told. */
  readonly place: string;
  readonly hidden: boolean;
  readonly children: readonly ViewNode[];
}

export interface ViewHierarchy {
  /** What drew it: `Jetpack Compose`, `UIKIT`. */
  readonly system: string;
  readonly windows: readonly ViewNode[];
  /** True where there were more views, or deeper ones, than are drawn. */
  readonly truncated: boolean;
}

const viewsAtMost = 1000;
const deepest = 60;

/** The name under which SDKs attach it (https://develop.sentry.dev/sdk/data-model/envelope-items/#attachment). */
export const isViewHierarchy = (name: string): boolean => /^view-hierarchy\.json$/i.test(name);

/** A view hierarchy out of its JSON, at most 1,000 views and 60 levels; undefined where it is none. */
export function readViewHierarchy(text: string): ViewHierarchy | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    // Cut or broken: the text itself is shown.
    return undefined;
  }
  const root = objectOf(read);
  if (!Array.isArray(root['windows'])) return undefined;
  let left = viewsAtMost;
  let truncated = false;
  const nodesOf = (list: unknown, depth: number): ViewNode[] => {
    const nodes: ViewNode[] = [];
    for (const entry of Array.isArray(list) ? (list as unknown[]) : []) {
      if (left === 0 || depth > deepest) {
        truncated = true;
        break;
      }
      left -= 1;
      const view = objectOf(entry);
      nodes.push({
        type: textOf(view['type']) || 'View',
        identifier: textOf(view['identifier']) || textOf(view['tag']),
        place: placeOf(view),
        hidden: view['visible'] === false || view['visibility'] === 'gone' || view['visibility'] === 'invisible',
        children: nodesOf(view['children'], depth + 1),
      });
    }
    return nodes;
  };
  const windows = nodesOf(root['windows'], 0);
  return { system: textOf(root['rendering_system']), windows, truncated };
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '');

function placeOf({ x, y, width, height }: Readonly<Record<string, unknown>>): string {
  if (typeof width !== 'number' || typeof height !== 'number') return '';
  const size = `${Math.round(width)} × ${Math.round(height)}`;
  return typeof x === 'number' && typeof y === 'number' ? `${size} at ${Math.round(x)}, ${Math.round(y)}` : size;
}
