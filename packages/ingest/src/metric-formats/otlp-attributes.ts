import type { ProtobufReader } from '../protobuf-reader.ts';
import { internedText } from './interned-text.ts';
import { prometheusLabelName } from './prometheus-names.ts';

/** Labels as name and value in turn. */
export type LabelPairs = string[];

/** Labels of one series; one more than that is remembered, so that it shows. */
export const labelsLimit = 256;
const namesLimit = 4096;
const names = new Map<string, string>();

/** Clients say the same names over and over. */
function labelName(attribute: string): string {
  let name = names.get(attribute);
  if (name === undefined) {
    name = prometheusLabelName(attribute);
    if (names.size >= namesLimit) names.clear();
    names.set(attribute, name);
  }
  return name;
}

/** Reads the current field as a KeyValue: calls `take` with the attribute's own name. False when it is malformed. */
export function readAttribute(reader: ProtobufReader, take: (key: string, value: string) => void): boolean {
  const pair = reader.message();
  let key = '';
  let value = '';
  while (pair.next()) {
    if (pair.is(1, 2)) key = internedText(pair.bytes, pair.start, pair.end);
    else if (pair.is(2, 2)) {
      const any = pair.message();
      value = anyText(any);
      if (any.bad) return false;
    }
  }
  if (pair.bad) return false;
  take(key, value);
  return true;
}

/** An AnyValue as text. Lists were made JSON text at the door. */
function anyText(any: ProtobufReader): string {
  let text = '';
  while (any.next()) {
    if (any.is(1, 2) || any.is(5, 2) || any.is(6, 2)) text = internedText(any.bytes, any.start, any.end);
    else if (any.is(2, 0)) text = any.bytes[any.start] === 0 ? 'false' : 'true';
    else if (any.is(3, 0)) text = any.int64().toString();
    else if (any.is(4, 1)) text = String(any.double());
    else if (any.is(7, 2)) text = `base64:${any.bytes.toString('base64', any.start, any.end)}`;
  }
  return text;
}

/**
 * Adds attributes as labels. Attributes whose names become alike share one label, their values in the order of their names and joined
 * with ';' (https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-attributes).
 */
export class LabelBuilder {
  readonly pairs: LabelPairs = [];
  /** Own names of the attributes, one for each pair: only looked at where two collide. */
  readonly #keys: string[] = [];
  #collisions: Map<string, [key: string, value: string][]> | undefined;

  add(key: string, value: string): void {
    if (value === '' || this.pairs.length > 2 * labelsLimit) return;
    const name = labelName(key);
    if (name === '' || name === '__name__') return;
    const at = this.pairs.indexOf(name);
    // A value may look like a name: only even places are names.
    const taken = at >= 0 && at % 2 === 0 ? at : this.#placeOf(name, at);
    if (taken < 0) {
      this.pairs.push(name, value);
      this.#keys.push(key);
      return;
    }
    this.#collisions ??= new Map();
    const all = this.#collisions.get(name) ?? [[this.#keys[taken / 2] ?? '', this.pairs[taken + 1] ?? '']];
    // The same attribute twice: the last one counts.
    const same = all.findIndex(([known]) => known === key);
    if (same >= 0) all[same] = [key, value];
    else all.push([key, value]);
    all.sort(([a], [b]) => (a < b ? -1 : 1));
    this.#collisions.set(name, all);
    this.pairs[taken + 1] = all.map(([, one]) => one).join(';');
  }

  #placeOf(name: string, from: number): number {
    for (let at = from; at >= 0; at = this.pairs.indexOf(name, at + 1)) if (at % 2 === 0) return at;
    return -1;
  }
}

/** Value of a label; '' where there is none. */
export function labelOf(pairs: LabelPairs, name: string): string {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === name) return pairs[at + 1] ?? '';
  return '';
}

/** Sets a label over what stands there; '' takes it away. */
export function setLabel(pairs: LabelPairs, name: string, value: string): void {
  for (let at = 0; at < pairs.length; at += 2) {
    if (pairs[at] !== name) continue;
    if (value === '') pairs.splice(at, 2);
    else pairs[at + 1] = value;
    return;
  }
  if (value !== '') pairs.push(name, value);
}
