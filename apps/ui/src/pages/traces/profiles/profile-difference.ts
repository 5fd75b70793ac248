import { formatShare } from '../../../charts/number-format.ts';
import {
  functionKey,
  leftHeavy,
  topFunctions,
  type ProfileFlame,
  type ProfileFunction,
  type ProfileNode,
  type ThreadSamples,
} from './profile-flame.ts';

/** Shares of the sampled time, from 0 to 1, in the profile that is looked at and in the one beside it. */
export interface Shares {
  readonly here: number;
  readonly there: number;
}

export interface ProfileDifference {
  /** Of both: a bar is as wide as the mean of its shares, in millionths of the whole instead of microseconds. */
  readonly flame: ProfileFlame;
  readonly functions: readonly ProfileFunction[];
  /** By the node's id. */
  readonly shares: readonly Shares[];
  /** Functions whose own share changed most first. */
  readonly changes: readonly { readonly fn: number; readonly self: Shares }[];
}

const whole = 1_000_000;

/**
 * What a program did in one profile more or less than in another: calls by their path, both profiles measured in shares of their sampled time, since they seldom
 * lasted equally long. Functions are the same by name and place.
 */
export function differenceOf(here: ThreadSamples, there: ThreadSamples): ProfileDifference {
  const functions = [...here.functions];
  const known = new Map(functions.map((one, fn) => [functionKey(one), fn]));
  const fnOf = there.functions.map((one) => {
    const key = functionKey(one);
    const fn = known.get(key) ?? functions.push(one) - 1;
    known.set(key, fn);
    return fn;
  });
  const other: ThreadSamples = {
    ...there,
    functions,
    stacks: there.stacks.map((stack) => stack.map((fn) => fnOf[fn] ?? fn)),
  };
  const [mine, theirs] = [scaled(here), scaled(other)];
  const flame = leftHeavy({
    functions,
    stacks: [...mine.stacks, ...theirs.stacks],
    samples: [...mine.samples, ...theirs.samples.map((one) => ({ ...one, stack: one.stack + mine.stacks.length }))],
    startUs: 0,
    endUs: whole,
  });
  const shares = flame.nodes.map(() => ({ here: 0, there: 0 }));
  addShares(flame, mine, (id, share) => add(shares[id], 'here', share));
  addShares(flame, theirs, (id, share) => add(shares[id], 'there', share));
  const self = new Map<number, { here: number; there: number }>();
  for (const [side, samples] of [
    ['here', mine],
    ['there', theirs],
  ] as const) {
    for (const { fn, selfUs } of topFunctions({ ...samples, functions })) {
      const own = self.get(fn) ?? { here: 0, there: 0 };
      own[side] = (2 * selfUs) / whole;
      self.set(fn, own);
    }
  }
  return {
    flame,
    functions,
    shares,
    changes: [...self]
      .map(([fn, own]) => ({ fn, self: own }))
      .sort((a, b) => Math.abs(changeOf(b.self)) - Math.abs(changeOf(a.self)) || a.fn - b.fn),
  };
}

/** How much more of its time a program spent there: from -1 to 1. */
export const changeOf = ({ here, there }: Shares): number => here - there;

/** What changed, with its sign: a colour alone tells nothing to those who do not see it. */
export function changeText(shares: Shares): string {
  const change = changeOf(shares);
  if (Math.abs(change) < 0.00005) return '±0 %';
  return `${change > 0 ? '+' : '−'}${formatShare(Math.abs(change))}`;
}

/**
 * How strongly a bar is coloured: from -1 (only beside) to 1 (only here), by what changed of the call itself; 0 where less than a thousandth of all time did.
 */
export function strengthOf({ here, there }: Shares): number {
  const change = here - there;
  return Math.abs(change) < 0.001 ? 0 : change / Math.max(here, there);
}

/** Samples as if they had lasted half of the whole together. */
function scaled(samples: ThreadSamples): ThreadSamples {
  const sampled = samples.samples.reduce((sum, { lengthUs }) => sum + lengthUs, 0);
  const by = sampled === 0 ? 0 : whole / 2 / sampled;
  return { ...samples, samples: samples.samples.map((one) => ({ ...one, lengthUs: one.lengthUs * by })) };
}

function add(to: { here: number; there: number } | undefined, side: keyof Shares, share: number): void {
  if (to !== undefined) to[side] += share;
}

/** Tells for each sample which nodes of the flame it is part of, and with what share of its profile. */
function addShares(flame: ProfileFlame, samples: ThreadSamples, tell: (id: number, share: number) => void): void {
  const children = new Map<ProfileNode | undefined, Map<number, ProfileNode>>();
  const below = (node: ProfileNode | undefined): Map<number, ProfileNode> => {
    let own = children.get(node);
    if (own === undefined) {
      own = new Map((node?.children ?? flame.roots).map((child) => [child.fn, child]));
      children.set(node, own);
    }
    return own;
  };
  for (const { stack, lengthUs } of samples.samples) {
    let node: ProfileNode | undefined;
    for (const fn of samples.stacks[stack] ?? []) {
      node = below(node).get(fn);
      if (node === undefined) break;
      tell(node.id, (2 * lengthUs) / whole);
    }
  }
}
