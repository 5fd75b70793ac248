/** A stretch of a trace, nanoseconds from its start; `toNs` lies behind `fromNs`. */
export interface TimePart {
  readonly fromNs: number;
  readonly toNs: number;
}

/** What is looked at closer than this says nothing any more. */
const leastNs = 1000;

/** Reads `1200000-3400000` from an address; undefined for all of the trace and for what is no stretch of it. */
export function readPart(text: string, durationNs: number): TimePart | undefined {
  const found = /^(\d{1,16})-(\d{1,16})$/.exec(text);
  return found ? within({ fromNs: Number(found[1]), toNs: Number(found[2]) }, durationNs) : undefined;
}

/** For the address; '' for all. */
export function writePart(part: TimePart | undefined): string {
  return part === undefined ? '' : `${Math.round(part.fromNs)}-${Math.round(part.toNs)}`;
}

/** The part as far as the trace has it; undefined where that is all of it, or nothing. */
export function within(part: TimePart, durationNs: number): TimePart | undefined {
  const fromNs = Math.max(0, Math.min(part.fromNs, durationNs));
  const toNs = Math.max(fromNs, Math.min(durationNs, part.toNs));
  if (toNs - fromNs < Math.min(leastNs, durationNs)) return undefined;
  return fromNs <= 0 && toNs >= durationNs ? undefined : { fromNs, toNs };
}

/**
 * The part after a key on the overview: `+` and `-` zoom around the middle by a factor of two, arrows move by a quarter, Home and End go to the ends, `0` shows
 * all. Undefined where the key means nothing here.
 */
export function partByKey(
  key: string,
  part: TimePart | undefined,
  durationNs: number,
): { readonly part: TimePart | undefined } | undefined {
  const { fromNs, toNs } = part ?? { fromNs: 0, toNs: durationNs };
  const long = toNs - fromNs;
  const middle = fromNs + long / 2;
  const moved = (by: number): { readonly part: TimePart | undefined } => {
    const start = Math.max(0, Math.min(durationNs - long, fromNs + by));
    return { part: within({ fromNs: start, toNs: start + long }, durationNs) };
  };
  switch (key) {
    case '+':
    case '=':
      return long / 2 < leastNs
        ? { part }
        : { part: within({ fromNs: middle - long / 4, toNs: middle + long / 4 }, durationNs) };
    case '-': {
      const start = Math.max(0, Math.min(durationNs - long * 2, middle - long));
      return { part: within({ fromNs: start, toNs: start + long * 2 }, durationNs) };
    }
    case 'ArrowLeft':
      return moved(-long / 4);
    case 'ArrowRight':
      return moved(long / 4);
    case 'Home':
      return moved(-durationNs);
    case 'End':
      return moved(durationNs);
    case '0':
      return { part: undefined };
    default:
      return undefined;
  }
}
