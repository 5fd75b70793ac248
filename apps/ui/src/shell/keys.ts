import { useEffect, useRef } from 'react';

/** A key that does something: `j`, `/`, `?`, `Escape`, `mod+k`, or two in a row: `g f`. */
export interface KeyBinding {
  readonly keys: string;
  /** For the list of keys: "Next row". */
  readonly title: string;
  readonly run: () => void;
  /** Also while typing in a field (only for `Escape` and `mod+…`). */
  readonly inFields?: boolean;
}

const layers: { current: readonly KeyBinding[] }[] = [];
let first = '';
let firstAt = 0;

/** Binds keys while the component is mounted. Later layers (a drawer over a list) win. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const layer = useRef(bindings);
  useEffect(() => {
    layer.current = bindings;
  });
  useEffect(() => {
    layers.push(layer);
    if (layers.length === 1) document.addEventListener('keydown', onKey);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) document.removeEventListener('keydown', onKey);
    };
  }, []);
}

/** All that is bound now, the nearest layer first, each key once. */
export function boundKeys(): readonly KeyBinding[] {
  const seen = new Map<string, KeyBinding>();
  for (const layer of layers.toReversed()) {
    for (const binding of layer.current) if (!seen.has(binding.keys)) seen.set(binding.keys, binding);
  }
  return [...seen.values()];
}

function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const typing = isField(event.target);
  const key = nameOf(event);
  const pair = event.timeStamp - firstAt < 1200 && first !== '' ? `${first} ${key}` : '';
  const binding = find(pair, typing) ?? find(key, typing);
  first = typing ? '' : key;
  firstAt = event.timeStamp;
  if (binding === undefined) return;
  first = '';
  event.preventDefault();
  binding.run();
}

function find(keys: string, typing: boolean): KeyBinding | undefined {
  if (keys === '') return undefined;
  return boundKeys().find((b) => b.keys === keys && (!typing || b.inFields === true));
}

function nameOf(event: KeyboardEvent): string {
  const mod = event.ctrlKey || event.metaKey ? 'mod+' : '';
  const alt = event.altKey ? 'alt+' : '';
  return `${mod}${alt}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
