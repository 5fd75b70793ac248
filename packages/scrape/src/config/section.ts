import { parseDuration } from '@sightline/base';

/** What was wrong or not understood in a file, in sentences. */
export interface Notes {
  readonly errors: string[];
  readonly warnings: string[];
}

/**
 * A mapping of a YAML file that is read key by key: what is of a wrong kind becomes an error, what nobody asked for a warning, both with
 * their place in the file. Values are never repeated: they may be secrets.
 */
export class Section {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #place: string;
  readonly #notes: Notes;
  readonly #asked = new Set<string>();

  constructor(value: unknown, place: string, notes: Notes) {
    const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMapping && value !== undefined && value !== null) notes.errors.push(`${place} must be a mapping`);
    this.#values = isMapping ? (value as Readonly<Record<string, unknown>>) : {};
    this.#place = place;
    this.#notes = notes;
  }

  get keys(): readonly string[] {
    return Object.keys(this.#values);
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null;
  }

  raw(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  at(key: string): string {
    return this.#place === '' ? key : `${this.#place}.${key}`;
  }

  text(key: string, otherwise = ''): string {
    const value = this.raw(key);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    this.#wrong(key, 'a text');
    return otherwise;
  }

  flag(key: string, otherwise: boolean): boolean {
    const value = this.raw(key);
    if (value === undefined || value === null) return otherwise;
    if (typeof value !== 'boolean') this.#wrong(key, 'true or false');
    return value === true;
  }

  /** A number from 0 on. */
  count(key: string, otherwise: number): number {
    const value = this.raw(key);
    if (value === undefined || value === null) return otherwise;
    if (typeof value === 'number' && value >= 0) return value;
    this.#wrong(key, 'a number from 0 on');
    return otherwise;
  }

  /** Milliseconds of `15s`, `1m30s`; 0 is written without a unit. */
  duration(key: string, otherwise: number): number {
    const value = this.raw(key);
    if (value === undefined || value === null) return otherwise;
    const read = value === 0 || value === '0' ? 0 : typeof value === 'string' ? parseDuration(value) : undefined;
    if (read === 0) return 0;
    if (read?.ok) return read.value;
    this.#wrong(key, 'a duration such as 15s or 1m');
    return otherwise;
  }

  /** Bytes of `10MB`, in powers of 1024 as Prometheus reads them. */
  size(key: string, otherwise: number): number {
    const value = this.raw(key);
    if (value === undefined || value === null || value === 0 || value === '') return otherwise;
    const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)i?B$/i.exec(typeof value === 'string' ? value.trim() : '');
    if (match) return Number(match[1]) * 1024 ** ' KMGTPE'.indexOf((match[2] || ' ').toUpperCase());
    this.#wrong(key, 'a size such as 10MB');
    return otherwise;
  }

  choice<T extends string>(key: string, choices: readonly T[], otherwise: T): T {
    const value = this.text(key, otherwise);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.#wrong(key, `one of ${choices.join(', ')}`);
    return found ?? otherwise;
  }

  texts(key: string): readonly string[] {
    return this.list(key).map((value) => (typeof value === 'string' ? value : String(value)));
  }

  list(key: string): readonly unknown[] {
    const value = this.raw(key);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.#wrong(key, 'a list');
    return [];
  }

  /** The sections of a list. */
  sections(key: string, placeOf: (value: unknown, n: number) => string = (_, n) => String(n)): readonly Section[] {
    return this.list(key).map((value, n) => new Section(value, `${this.at(key)}[${placeOf(value, n)}]`, this.#notes));
  }

  section(key: string): Section {
    return new Section(this.raw(key), this.at(key), this.#notes);
  }

  /** Texts by name. */
  mapping(key: string): ReadonlyMap<string, string> {
    const section = this.section(key);
    return new Map(section.keys.map((name) => [name, section.text(name)]));
  }

  error(sentence: string): void {
    this.#notes.errors.push(`${this.#place === '' ? '' : `${this.#place}: `}${sentence}`);
  }

  warn(sentence: string): void {
    this.#notes.warnings.push(`${this.#place === '' ? '' : `${this.#place}: `}${sentence}`);
  }

  /** Warns of what was not asked for. */
  finish(): void {
    for (const key of this.keys)
      if (!this.#asked.has(key)) this.#notes.warnings.push(`${this.at(key)} is not understood and left out`);
  }

  #wrong(key: string, expected: string): void {
    this.#notes.errors.push(`${this.at(key)} must be ${expected}`);
  }
}
