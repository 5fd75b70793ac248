import { placeholder } from './mask.ts';

export interface TreeOptions {
  /** How many tokens of two lines must agree, 0 to 1. */
  readonly similarity: number;
  /** How many leading tokens lead through the tree. */
  readonly depth: number;
  /** Branches of one node; further tokens share one. */
  readonly children: number;
  readonly groups: number;
  /** Longer lines are cut here. */
  readonly tokens: number;
  /** So many templates that differ in one place alone are one, whose place is a variable. */
  readonly varieties: number;
}

const defaults: TreeOptions = { similarity: 0.7, depth: 2, children: 100, groups: 2000, tokens: 100, varieties: 6 };

/** Lines of one template. */
export interface Group<T> {
  tokens: string[];
  readonly items: T[];
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly groups: Group<T>[];
}

/**
 * Groups masked lines by template: a tree of fixed depth by number of tokens and leading tokens, whose leaves hold templates; a line
 * joins the most similar one or begins its own (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree", ICWS 2017).
 * Depth, branches and groups are bounded; what finds no room is refused.
 */
export class TemplateTree<T> {
  readonly #options: TreeOptions;
  readonly #root: Node<T> = { children: new Map(), groups: [] };
  readonly #groups: Group<T>[] = [];

  constructor(options: Partial<TreeOptions> = {}) {
    this.#options = { ...defaults, ...options };
  }

  get groups(): readonly Group<T>[] {
    return this.#groups;
  }

  /** The group that the line joined; undefined where there is no room for a new one. */
  add(masked: string, item: T): Group<T> | undefined {
    const tokens = tokensOf(masked, this.#options.tokens);
    const leaf = this.#leafOf(tokens);
    const found = this.#closest(leaf.groups, tokens);
    if (found) {
      for (const [index, token] of tokens.entries()) {
        const known = found.tokens[index]!;
        if (known !== token) found.tokens[index] = mergeTokens(known, token);
      }
      found.items.push(item);
      return found;
    }
    if (this.#groups.length >= this.#options.groups) return undefined;
    const group = { tokens, items: [item] };
    leaf.groups.push(group);
    this.#groups.push(group);
    return group;
  }

  /**
   * Puts together what differs in one place alone, where that place has many values: names and other words that no mask knows.
   * The tree cannot see it while lines come one by one; call it at the end.
   */
  merge(): void {
    for (let round = 0; round < 3; round++) {
      const merged = this.#mergeOnce();
      if (!merged) return;
    }
  }

  #mergeOnce(): boolean {
    const alike = new Map<string, { readonly place: number; readonly groups: Group<T>[] }>();
    for (const group of this.#groups) {
      for (const [place, token] of group.tokens.entries()) {
        if (token === placeholder) continue;
        const key = `${place} ${group.tokens.map((other, index) => (index === place ? '' : other)).join(' ')}`;
        const known = alike.get(key);
        if (known) known.groups.push(group);
        else alike.set(key, { place, groups: [group] });
      }
    }
    const gone = new Set<Group<T>>();
    for (const { place, groups } of [...alike.values()].sort((a, b) => b.groups.length - a.groups.length)) {
      if (groups.length < this.#options.varieties) break;
      const left = groups.filter((group) => !gone.has(group));
      const [first, ...others] = left;
      // A template of variables alone says nothing.
      if (!first || left.length < this.#options.varieties) continue;
      if (!first.tokens.some((token, index) => index !== place && /[a-zA-Z]{2}/.test(token))) continue;
      for (const other of others) {
        first.tokens[place] = mergeTokens(first.tokens[place]!, other.tokens[place]!);
        for (const item of other.items) first.items.push(item);
        gone.add(other);
      }
    }
    if (gone.size === 0) return false;
    const kept = this.#groups.filter((group) => !gone.has(group));
    this.#groups.splice(0, this.#groups.length, ...kept);
    return true;
  }

  #leafOf(tokens: readonly string[]): Node<T> {
    let node = this.#branch(this.#root, String(tokens.length), Infinity);
    for (const token of tokens.slice(0, Math.min(this.#options.depth, tokens.length - 1)))
      node = this.#branch(node, token.includes(placeholder) ? placeholder : token, this.#options.children);
    return node;
  }

  #branch({ children }: Node<T>, token: string, most: number): Node<T> {
    const key = children.has(token) || children.size < most - 1 ? token : placeholder;
    let child = children.get(key);
    if (!child) children.set(key, (child = { children: new Map(), groups: [] }));
    return child;
  }

  #closest(groups: readonly Group<T>[], tokens: readonly string[]): Group<T> | undefined {
    let best: Group<T> | undefined;
    let [bestScore, bestFixed] = [this.#options.similarity, -1];
    for (const group of groups) {
      let [same, fixed] = [0, 0];
      for (const [index, token] of tokens.entries()) {
        const known = group.tokens[index]!;
        if (known !== token) continue;
        same += 1;
        if (!known.includes(placeholder)) fixed += 1;
      }
      const score = tokens.length === 0 ? 1 : same / tokens.length;
      if (score < bestScore || (score === bestScore && fixed <= bestFixed)) continue;
      // Placeholders agree with each other everywhere: without a word in common lines are no kin.
      if (fixed === 0 && tokens.length > 1 && same < tokens.length) continue;
      [best, bestScore, bestFixed] = [group, score, fixed];
    }
    return best;
  }
}

/** Two tokens as one: `key=` stays where both begin with it. */
function mergeTokens(left: string, right: string): string {
  const [, key = ''] = /^([^=]{1,60}=)/.exec(left) ?? [];
  return key !== '' && right.startsWith(key) ? `${key}${placeholder}` : placeholder;
}

function tokensOf(masked: string, most: number): string[] {
  const tokens = masked.trim().split(/\s+/);
  return tokens.length <= most ? tokens : [...tokens.slice(0, most), placeholder];
}
