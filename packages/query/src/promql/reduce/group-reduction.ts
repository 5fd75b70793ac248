import type { Labels, Reduction, ScannedSeries, SeriesValues } from '../source.ts';
import { Grouper } from './grouping.ts';
import { accumulate, finishPartial, mergePartial, PartialRoom, type PartialGroup } from './partial.ts';

/** A group of a reduction on its way between workers: structured-cloneable, its arrays transferable. */
export interface GroupPart extends PartialGroup {
  readonly key: string;
  readonly labels: Labels;
}

/** A reduction over all groups: series go in one by one, parts of other workers are merged, groups come out in order of arrival. */
export class GroupReduction {
  readonly #reduction: Reduction;
  readonly #grouper: Grouper;
  readonly #groups = new Map<string, GroupPart>();
  readonly #room: PartialRoom;

  /** `expected`: groups of which the room is made ready at once. */
  constructor(reduction: Reduction, steps: number, expected = 0) {
    this.#room = new PartialRoom(reduction.operator, steps, expected);
    this.#reduction = reduction;
    this.#grouper = new Grouper(reduction);
  }

  /** Floats alone; a series that holds a histogram ends the reduction, and the source answers with series instead. */
  add(labels: Labels, series: SeriesValues): void {
    accumulate(this.#reduction.operator, this.groupOf(labels), series);
  }

  /** The group that a series belongs to, for sources which look it up once and accumulate themselves. */
  groupOf(labels: Labels): GroupPart {
    const key = this.#grouper.keyOf(labels);
    let group = this.#groups.get(key);
    if (!group) {
      group = { key, labels: this.#grouper.labelsOf(labels), ...this.#room.take() };
      this.#groups.set(key, group);
    }
    return group;
  }

  merge(parts: Iterable<GroupPart>): void {
    for (const part of parts) {
      const own = this.#groups.get(part.key);
      if (own) mergePartial(this.#reduction.operator, own, part);
      else this.#groups.set(part.key, part);
    }
  }

  /** What another worker merges. */
  parts(): GroupPart[] {
    return [...this.#groups.values()];
  }

  /** The groups that have a value. The reduction must not be used after it. */
  finish(): ScannedSeries[] {
    return this.parts()
      .map((part) => ({ labels: part.labels, ...finishPartial(this.#reduction.operator, part) }))
      .filter((series) => series.present.includes(1));
  }
}
