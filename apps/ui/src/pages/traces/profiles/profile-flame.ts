import type { getProfile, ProfileFrame } from '@sightline/contract';
import type { Reply } from '../../../data/call.ts';

type Answer = Pick<Reply<typeof getProfile>, 'frames' | 'stacks' | 'samples'>;

/** Functions of a profile: lines of one function are one. */
export interface ProfileFunction {
  readonly name: string;
  /** Where it is: its file, else its module; '' where neither was told. */
  readonly place: string;
  readonly line: number | null;
  readonly inApp: boolean;
  /** As the client saw it, where a source map gave the name; '' otherwise. */
  readonly minified: string;
}

/** What one thread did, by functions instead of frames. */
export interface ThreadSamples {
  readonly functions: readonly ProfileFunction[];
  /** Positions in `functions`, the outermost call first. */
  readonly stacks: readonly (readonly number[])[];
  readonly samples: readonly { readonly stack: number; readonly startUs: number; readonly lengthUs: number }[];
  readonly startUs: number;
  readonly endUs: number;
}

/** A call, or all calls by one path, as a bar. Times in microseconds. */
export interface ProfileNode {
  /** In the order of making: the same for the same samples. */
  readonly id: number;
  readonly fn: number;
  readonly depth: number;
  readonly parent: ProfileNode | undefined;
  readonly children: readonly ProfileNode[];
  readonly startUs: number;
  readonly totalUs: number;
  /** Not in what it called. */
  readonly selfUs: number;
}

export interface ProfileFlame {
  readonly nodes: readonly ProfileNode[];
  readonly roots: readonly ProfileNode[];
  readonly startUs: number;
  readonly endUs: number;
}

/** A bar as shares of what is shown. */
export interface ProfileBar {
  readonly node: ProfileNode;
  readonly left: number;
  readonly width: number;
}

export interface FunctionTime {
  readonly fn: number;
  readonly selfUs: number;
  readonly totalUs: number;
}

/** The samples of a thread. With `ownOnly` what libraries and the runtime did counts for whoever called them. */
export function threadSamples(answer: Answer, thread: number, ownOnly: boolean): ThreadSamples {
  const functions: ProfileFunction[] = [];
  const known = new Map<string, number>();
  const fnOf = answer.frames.map((frame) => {
    const place = placeOf(frame);
    const key = functionKey({ name: frame.function, place, line: frame.line });
    const before = known.get(key);
    if (before !== undefined) return before;
    const { function: name, line, inApp, minified } = frame;
    known.set(key, functions.length);
    return functions.push({ name, place, line, inApp, minified }) - 1;
  });
  const stacks = answer.stacks.map((stack) =>
    stack.flatMap((frame) => {
      const fn = fnOf[frame];
      return fn === undefined || (ownOnly && functions[fn]?.inApp !== true) ? [] : [fn];
    }),
  );
  const samples = answer.samples
    .filter(([of]) => of === thread)
    .map(([, stack, startUs, lengthUs]) => ({ stack, startUs, lengthUs }));
  const last = samples.at(-1);
  return {
    functions,
    stacks,
    samples,
    startUs: samples[0]?.startUs ?? 0,
    endUs: last === undefined ? 0 : last.startUs + last.lengthUs,
  };
}

/** What makes two functions the same, in one profile or in two; what has no name is told apart by where it begins. */
export const functionKey = ({ name, place, line }: Pick<ProfileFunction, 'name' | 'place' | 'line'>): string =>
  `${name}\0${place}${unnamed.test(name) ? `\0${line}` : ''}`;

const unnamed = /^(?:\(anonymous\)|<anonymous>|<lambda>|\?)?$/;
const placeOf = ({ file, module }: ProfileFrame): string => (file === '' ? module : file);

interface Draft extends ProfileNode {
  children: Draft[];
  parent: Draft | undefined;
  startUs: number;
  totalUs: number;
  selfUs: number;
}

class Drafts {
  readonly nodes: Draft[] = [];
  readonly roots: Draft[] = [];

  make(fn: number, parent: Draft | undefined, startUs: number): Draft {
    const node: Draft = {
      id: this.nodes.length,
      fn,
      depth: parent === undefined ? 0 : parent.depth + 1,
      parent,
      children: [],
      startUs,
      totalUs: 0,
      selfUs: 0,
    };
    this.nodes.push(node);
    (parent?.children ?? this.roots).push(node);
    return node;
  }
}

/** Calls one after the other, as they were: what stays on the stack from a sample to the next is one call. */
export function timeOrder({ stacks, samples, startUs, endUs }: ThreadSamples): ProfileFlame {
  const drafts = new Drafts();
  let open: Draft[] = [];
  let untilUs = startUs;
  for (const sample of samples) {
    const stack = stacks[sample.stack] ?? [];
    // Between two chunks nobody knows what ran; samples that follow each other are a rounding apart at most.
    if (sample.startUs > untilUs + 1) open = [];
    let same = 0;
    while (same < stack.length && open[same]?.fn === stack[same]) same += 1;
    open.length = same;
    for (const fn of stack.slice(same)) open.push(drafts.make(fn, open.at(-1), sample.startUs));
    untilUs = sample.startUs + sample.lengthUs;
    for (const node of open) node.totalUs = untilUs - node.startUs;
    const leaf = open.at(-1);
    if (leaf !== undefined) leaf.selfUs += sample.lengthUs;
  }
  return { nodes: drafts.nodes, roots: drafts.roots, startUs, endUs };
}

/** Calls by the path that led to them, all of one path as one, the longest at the left. */
export function leftHeavy({ stacks, samples }: ThreadSamples): ProfileFlame {
  const drafts = new Drafts();
  const byPath = new Map<string, Draft>();
  for (const [stack, us] of timeByStack(samples)) {
    let node: Draft | undefined;
    for (const fn of stacks[stack] ?? []) {
      const key = `${node?.id ?? ''}>${fn}`;
      let next = byPath.get(key);
      if (next === undefined) byPath.set(key, (next = drafts.make(fn, node, 0)));
      next.totalUs += us;
      node = next;
    }
    if (node !== undefined) node.selfUs += us;
  }
  const byTime = (a: Draft, b: Draft): number => b.totalUs - a.totalUs || a.id - b.id;
  let endUs = 0;
  for (const root of drafts.roots.sort(byTime)) {
    root.startUs = endUs;
    endUs += root.totalUs;
  }
  // Parents were made before their children.
  for (const node of drafts.nodes) {
    let at = node.startUs;
    for (const child of node.children.sort(byTime)) {
      child.startUs = at;
      at += child.totalUs;
    }
  }
  return { nodes: drafts.nodes, roots: drafts.roots, startUs: 0, endUs };
}

/** Bars top to bottom, those of a row from left to right: of the whole, or of what `zoom` (a node's id) called. */
export function flameRows(
  flame: ProfileFlame,
  zoom?: number,
): { rows: ProfileBar[][]; startUs: number; endUs: number } {
  const top = zoom === undefined ? undefined : flame.nodes[zoom];
  const startUs = top?.startUs ?? flame.startUs;
  const endUs = top === undefined ? flame.endUs : top.startUs + top.totalUs;
  const lengthUs = Math.max(1, endUs - startUs);
  const rows: ProfileBar[][] = [];
  let level: readonly ProfileNode[] = top === undefined ? flame.roots : [top];
  while (level.length > 0) {
    rows.push(
      level.map((node) => ({
        node,
        left: (node.startUs - startUs) / lengthUs,
        width: node.totalUs / lengthUs,
      })),
    );
    level = level.flatMap(({ children }) => children);
  }
  return { rows, startUs, endUs };
}

/** Functions with the most own time first. A function that calls itself counts once in its total. */
export function topFunctions({ stacks, samples }: ThreadSamples): FunctionTime[] {
  const times = new Map<number, { fn: number; selfUs: number; totalUs: number }>();
  for (const [stack, us] of timeByStack(samples)) {
    const calls = stacks[stack] ?? [];
    for (const fn of new Set(calls)) {
      const time = times.get(fn) ?? { fn, selfUs: 0, totalUs: 0 };
      time.totalUs += us;
      if (calls.at(-1) === fn) time.selfUs += us;
      times.set(fn, time);
    }
  }
  return [...times.values()].sort((a, b) => b.selfUs - a.selfUs || b.totalUs - a.totalUs || a.fn - b.fn);
}

/** Functions whose name or file holds the text, small and capital letters alike; none for ''. */
export function findFunctions(functions: readonly ProfileFunction[], text: string): ReadonlySet<number> {
  const sought = text.trim().toLowerCase();
  if (sought === '') return new Set();
  return new Set(
    functions.flatMap(({ name, place, minified }, fn) =>
      [name, place, minified].some((one) => one.toLowerCase().includes(sought)) ? [fn] : [],
    ),
  );
}

/** Time with any of these functions on the stack. */
export function timeOf({ stacks, samples }: ThreadSamples, functions: ReadonlySet<number>): number {
  let sum = 0;
  for (const [stack, us] of timeByStack(samples)) if (stacks[stack]?.some((fn) => functions.has(fn))) sum += us;
  return sum;
}

function timeByStack(samples: ThreadSamples['samples']): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (const { stack, lengthUs } of samples) times.set(stack, (times.get(stack) ?? 0) + lengthUs);
  return times;
}

/** The first thread, which ran the transaction where there was one; the one with the most to show where that has nothing. */
export function busiestThread({
  threads,
  stacks,
  samples,
}: Pick<Reply<typeof getProfile>, 'threads' | 'stacks' | 'samples'>): number {
  const times = threads.map(() => 0);
  for (const [thread, stack, , length] of samples) {
    if ((stacks[stack]?.length ?? 0) > 0) times[thread] = (times[thread] ?? 0) + length;
  }
  return (times[0] ?? 0) > 0 ? 0 : Math.max(0, times.indexOf(Math.max(0, ...times)));
}
