import { FlattenMap, originalPositionFor, sourceContentFor, TraceMap } from '@jridgewell/trace-mapping';
import { FunctionScopes } from './function-scopes.ts';

/** Lines of code before and after the one that is shown. */
export const contextLines = 5;
const longestLine = 300;
const scopedSources = 50;

/** A place in a generated file: `line` counts from 1, `column` from 0. */
export interface GeneratedPlace {
  readonly line: number;
  readonly column: number;
}

export interface Code {
  readonly contextLine: string;
  readonly preContext: readonly string[];
  readonly postContext: readonly string[];
}

/** Where it stood before it was built. */
export interface OriginalPlace {
  readonly source: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** What the map calls the word at this place; '' when nothing. */
  readonly word: string;
  /** The function around the place, by the source's own text; '' where that is not known. */
  readonly function: string;
  /** Undefined where the map holds no text of the source. */
  readonly code: Code | undefined;
}

/** A source map that was read. */
export class ReadMap {
  readonly #map: TraceMap;
  readonly #scopes = new Map<string, FunctionScopes>();

  /** Throws for text that is no source map (https://tc39.es/ecma426/); maps of sections are flattened. */
  constructor(text: string) {
    // Some servers put this line before JSON, so that it is not run as a script.
    const json = text.startsWith(")]}'") ? text.slice(text.indexOf('\n') + 1) : text;
    const parsed = JSON.parse(json) as ConstructorParameters<typeof FlattenMap>[0] & object;
    this.#map = 'sections' in parsed ? new FlattenMap(parsed) : new TraceMap(parsed);
  }

  /** The original of a place; undefined where the map has nothing on that line up to that column. */
  lookUp({ line, column }: GeneratedPlace): OriginalPlace | undefined {
    if (line < 1 || column < 0) return undefined;
    const found = originalPositionFor(this.#map, { line, column });
    if (found.source === null) return undefined;
    const text = sourceContentFor(this.#map, found.source);
    return {
      source: found.source,
      line: found.line,
      column: found.column + 1,
      word: found.name ?? '',
      function: text === null ? '' : this.#scopesOf(found.source, text).nameAt(found.line, found.column),
      code: text === null ? undefined : codeAround(text, found.line),
    };
  }

  #scopesOf(source: string, text: string): FunctionScopes {
    const known = this.#scopes.get(source);
    if (known) return known;
    if (this.#scopes.size >= scopedSources) this.#scopes.clear();
    const scopes = new FunctionScopes(text);
    this.#scopes.set(source, scopes);
    return scopes;
  }
}

/** The code around a line, counted from 1; undefined where the text has no such line. */
export function codeAround(text: string, line: number): Code | undefined {
  const lines = text.split('\n', line + contextLines);
  const shown = (from: number, to: number): string[] =>
    lines.slice(Math.max(0, from), to).map((one) => one.replace(/\r$/, '').slice(0, longestLine).toWellFormed());
  const [contextLine] = shown(line - 1, line);
  if (line < 1 || contextLine === undefined) return undefined;
  return {
    contextLine,
    preContext: shown(line - 1 - contextLines, line - 1),
    postContext: shown(line, line + contextLines),
  };
}
