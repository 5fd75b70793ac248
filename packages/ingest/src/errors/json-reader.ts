import { readJson } from '@sightline/base';

/** A JSON object of unknown shape, as a client sent it. */
export type JsonObject = Readonly<Record<string, unknown>>;

const empty: JsonObject = Object.freeze({});

/** The value as an object; an empty one when it is anything else. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : empty;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a list; Sentry's `{values: […]}` wrapper is opened, null entries are left out. */
export function listOf(value: unknown): readonly unknown[] {
  const list = Array.isArray(value) ? value : isObject(value) && Array.isArray(value['values']) ? value['values'] : [];
  // Nearly no list holds such an entry: then it need not be made anew.
  return list.includes(null) || list.includes(undefined)
    ? list.filter((item) => item !== null && item !== undefined)
    : list;
}

/**
 * Text of a text, number or boolean, well-formed Unicode, cut at `limit` UTF-16 units; '' for anything else. Lone
 * surrogates would be refused by the store's JSON reader and cost the whole segment.
 */
export function textOf(value: unknown, limit = 1024): string {
  if (typeof value === 'string') return bounded(value, limit);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  return '';
}

function bounded(text: string, limit: number): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return cut.isWellFormed() ? cut : cut.toWellFormed();
}

/** A finite number from a number or numeric text; undefined otherwise. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '' || value.length > 40) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

/** A whole number of at least zero; null otherwise. */
export function positionOf(value: unknown): number | null {
  const number = numberOf(value);
  return number !== undefined && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** The first text that is not empty. */
export function firstText(...texts: readonly string[]): string {
  return texts.find((text) => text !== '') ?? '';
}

/** Lower-case hexadecimal id of `digits` digits (dashes of a UUID allowed); '' when it is none or all zeros. */
export function hexIdOf(value: unknown, digits: number): string {
  if (typeof value !== 'string' || value.length > 80) return '';
  const id = value.replaceAll('-', '').toLowerCase();
  return id.length === digits && /^[0-9a-f]+$/.test(id) && !/^0+$/.test(id) ? id : '';
}

/** `readJson` as a value: undefined for text that is no JSON (no JSON text means undefined). */
export function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}
