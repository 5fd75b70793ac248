import type { ErrorFrame, ErrorPayload } from '@sightline/record';
import { type JsonPart, ScrubbableJson, SharedPart } from '../load/scrubbable-json.ts';
import { FormedFrame } from './formed-frame.ts';

const noFrames = '"frames":[]';

/** Members of a list that share a part: each part costs the engine a call, each member more that need not be read twice. */
const groupedMembers = 8;

/** A payload as the JSON that `JSON.stringify` makes of it. Each frame is a part of its own, and so is all that is likely to hold an address. */
export function payloadJson(payload: ErrorPayload): ScrubbableJson {
  const { version, exceptions, threads, threadsOmitted, breadcrumbs, groups, ...others } = payload;
  const { contexts, extra, grouping, groupingParts, ...rest } = others;
  const parts: { text: JsonPart; known: boolean }[] = [];
  const add = (text: JsonPart, known = true): unknown => parts.push({ text, known });
  const addList = (list: readonly unknown[], members: number): void => {
    for (let at = 0; at < list.length; at += members) {
      const text = members === 1 ? JSON.stringify(list[at]) : JSON.stringify(list.slice(at, at + members)).slice(1, -1);
      add(at === 0 ? text : `,${text}`);
    }
  };
  /** Whatever has frames, each frame a part of its own; `open` is what stands before, the answer what comes behind. */
  const addStacks = (open: string, holders: readonly { readonly frames: readonly ErrorFrame[] }[]): string => {
    let before = open;
    for (const [at, holder] of holders.entries()) {
      const shell = JSON.stringify({ ...holder, frames: [] });
      // Within a text these quotes would be escaped.
      const inside = shell.indexOf(noFrames) + noFrames.length - 1;
      add(`${before}${at === 0 ? '' : ','}${shell.slice(0, inside)}`);
      const last = holder.frames.length - 1;
      for (const [place, frame] of holder.frames.entries())
        add(frameJson(frame, place === last ? '}' : '},'), hasShortNumbers(frame));
      before = shell.slice(inside);
    }
    return before;
  };
  let behind = addStacks(`{"version":${version},"exceptions":[`, exceptions);
  if (threads) behind = addStacks(`${behind}],"threads":[`, threads);
  add(`${behind}]${threadsOmitted === undefined ? '' : `,"threadsOmitted":${threadsOmitted}`},"breadcrumbs":[`);
  addList(breadcrumbs, 1);
  add('],"groups":[');
  addList(groups, 1);
  // What the client sent may hold numbers of any kind under any name.
  add(`],"contexts":${JSON.stringify(contexts)}`, false);
  add(`,"extra":${JSON.stringify(extra)}`, false);
  add(`,${JSON.stringify(rest).slice(1, -1)},"grouping":[`);
  addList(grouping, groupedMembers);
  if (groupingParts) {
    add('],"groupingParts":[');
    addList(groupingParts, groupedMembers);
  }
  add(']}');
  return ScrubbableJson.ofParts(parts);
}

/** As `JSON.stringify` makes it, with `end` for the brace that ends it. */
function frameJson(frame: ErrorFrame, end: string): JsonPart {
  const form = FormedFrame.formOf(frame);
  if (form === undefined) return JSON.stringify(frame).slice(0, -1) + end;
  return new SharedPart(form.json, frame.locals ? `,"locals":${JSON.stringify(frame.locals)}${end}` : end);
}

/** Lines and columns are the only numbers of a frame. */
function hasShortNumbers(frame: ErrorFrame): boolean {
  const places: readonly (Pick<ErrorFrame, 'line' | 'column'> | undefined)[] = [frame, frame.minified];
  return places.every((place) => (place?.line ?? 0) < 1e12 && (place?.column ?? 0) < 1e12);
}
