import { Button } from '@mantine/core';
import { memo, useEffect, useMemo, useState, type CSSProperties, type KeyboardEvent, type ReactNode } from 'react';
import { formatDuration, formatShare } from '../../../charts/number-format.ts';
import { useKeys } from '../../../shell/keys.ts';
import { FlameField, useFlameField } from '../flame-field.tsx';
import { joinBars, type JoinedBar } from '../flame-layout.ts';
import { changeText, strengthOf, type Shares } from './profile-difference.ts';
import {
  flameRows,
  type ProfileBar,
  type ProfileFlame,
  type ProfileFunction,
  type ProfileNode,
} from './profile-flame.ts';

interface ProfileViewProps {
  readonly flame: ProfileFlame;
  readonly functions: readonly ProfileFunction[];
  /** Those that are lit; the others step back while there are any. */
  readonly lit: ReadonlySet<number>;
  /** Id of the call whose part is shown; undefined for all. */
  readonly zoom: number | undefined;
  /** Whether the axis is time, or shares of it. */
  readonly inTime: boolean;
  readonly colours: readonly string[];
  /** Of a difference: the shares of each call by its id; bars and words tell what changed. */
  readonly shares?: readonly Shares[] | undefined;
  readonly onZoom: (id: number | undefined) => void;
  readonly onFind: (name: string) => void;
}

const us = (value: number): string => formatDuration(value / 1000);

function changeColour(shares: Shares | undefined): string {
  const strength = shares === undefined ? 0 : strengthOf(shares);
  const tone = strength > 0 ? 'var(--bad-fill)' : 'var(--good-fill)';
  return strength === 0
    ? 'var(--idle-fill)'
    : `color-mix(in srgb, ${tone} ${Math.round(25 + 75 * Math.abs(strength))}%, var(--idle-fill))`;
}

/**
 * Calls as bars under their callers; only rows in sight are drawn. A press chooses, a double press or `z` zooms, Escape or `0` shows
 * everything, arrows move.
 */
export function ProfileView(props: ProfileViewProps): ReactNode {
  const { flame, functions, zoom, inTime, onZoom, onFind } = props;
  const { rows, startUs, endUs } = useMemo(() => flameRows(flame, zoom), [flame, zoom]);
  const [chosenId, setChosen] = useState<number>();
  const zoomed = zoom === undefined ? undefined : flame.nodes[zoom];
  const top = rows[0]?.[0]?.node;
  // Of another profile, order or part there is no such call any more.
  const chosen = useMemo(() => {
    const node = chosenId === undefined ? undefined : flame.nodes[chosenId];
    return node !== undefined && rows.some((row) => row.some((bar) => bar.node === node)) ? node : undefined;
  }, [flame, rows, chosenId]);
  const reached = chosen ?? top;
  const field = useFlameField(rows.length);
  const { list } = field;
  const firstLit = useMemo(
    () => (props.lit.size === 0 ? -1 : rows.findIndex((row) => row.some(({ node }) => props.lit.has(node.fn)))),
    [rows, props.lit],
  );
  useEffect(() => {
    if (firstLit >= 0) list.scrollToIndex(firstLit, { align: 'center' });
  }, [firstLit, list]);
  const zoomIn = () => {
    if (reached !== undefined && reached.id !== zoom) onZoom(reached.id);
  };
  useKeys([
    { keys: 'z', title: 'Zoom to the function', run: zoomIn },
    { keys: '0', title: 'Show everything', run: () => onZoom(undefined) },
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    const target = reached === undefined ? undefined : neighbour(rows, reached, event.key, zoomed);
    if (target === undefined) return;
    event.preventDefault();
    setChosen(target.id);
    field.focus(target.depth - (zoomed?.depth ?? 0), `[data-call="${target.id}"]`);
  };
  return (
    <div className="flame profile-flame" style={{ '--flame-rows': rows.length } as CSSProperties}>
      {zoomed !== undefined && <EscapeKey run={() => onZoom(undefined)} />}
      <div className="flame-bar-line">
        <span className="flame-where" role="status">
          {chosen === undefined ? (
            zoomed === undefined ? (
              <span className="muted">Press a bar to see where the function stands</span>
            ) : (
              functions[zoomed.fn]?.name
            )
          ) : (
            <Chosen
              node={chosen}
              fn={functions[chosen.fn]}
              allUs={flame.endUs - flame.startUs}
              shares={props.shares?.[chosen.id]}
            />
          )}
        </span>
        {chosen !== undefined && (
          <Button size="xs" variant="default" onClick={() => onFind(functions[chosen.fn]?.name ?? '')}>
            Find it
          </Button>
        )}
        <Button size="xs" variant="default" onClick={zoomIn} disabled={chosen === undefined || chosen.id === zoom}>
          Zoom in
        </Button>
        <Button size="xs" variant="default" onClick={() => onZoom(undefined)} disabled={zoomed === undefined}>
          Zoom out
        </Button>
      </div>
      <FlameField
        of={field}
        label={`${flame.nodes.length} calls as a flame graph`}
        scale={(share) =>
          props.shares === undefined
            ? us((inTime ? startUs - flame.startUs : 0) + (endUs - startUs) * share)
            : formatShare(((endUs - startUs) / 1_000_000) * share)
        }
        onKeyDown={onKeyDown}
        renderRow={(index, top, width) => (
          <FlameRow
            key={index}
            top={top}
            bars={rows[index] ?? []}
            width={width}
            functions={functions}
            lit={props.lit}
            colours={props.colours}
            shares={props.shares}
            reachedId={reached?.id ?? -1}
            chosenId={chosen?.id ?? -1}
            onChoose={setChosen}
            onZoom={onZoom}
          />
        )}
      />
    </div>
  );
}

function EscapeKey({ run }: { run: () => void }): ReactNode {
  useKeys([{ keys: 'Escape', title: 'Show everything', run }]);
  return null;
}

function Chosen({
  node,
  fn,
  allUs,
  shares,
}: {
  node: ProfileNode;
  fn: ProfileFunction | undefined;
  allUs: number;
  shares: Shares | undefined;
}): ReactNode {
  if (fn === undefined) return null;
  return (
    <>
      <b>{fn.name}</b>{' '}
      <span className="muted">
        {shares === undefined
          ? `${us(node.totalUs)} (${formatShare(node.totalUs / Math.max(1, allUs))}), itself ${us(node.selfUs)}`
          : `${formatShare(shares.here)} here, ${formatShare(shares.there)} there: ${changeText(shares)}`}
        {fn.place !== '' && ` · ${placeText(fn)}`}
        {fn.minified !== '' && fn.minified !== fn.name && ` · ${fn.minified} as it was built`}
      </span>
    </>
  );
}

/** Where a function stands, as people write it. */
export function placeText({ place, line }: Pick<ProfileFunction, 'place' | 'line'>): string {
  return line === null || place === '' ? place : `${place}:${line}`;
}

/** Where an arrow key leads; undefined for other keys, and where there is nothing. */
function neighbour(
  rows: readonly (readonly ProfileBar[])[],
  from: ProfileNode,
  key: string,
  zoomed: ProfileNode | undefined,
): ProfileNode | undefined {
  if (key === 'ArrowUp') return from === zoomed ? undefined : from.parent;
  if (key === 'ArrowDown') return from.children[0];
  const by = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
  const row = rows[from.depth - (zoomed?.depth ?? 0)] ?? [];
  return by === 0 ? undefined : row[row.findIndex(({ node }) => node === from) + by]?.node;
}

interface FlameRowProps {
  readonly bars: readonly ProfileBar[];
  readonly top: number;
  readonly width: number;
  readonly functions: readonly ProfileFunction[];
  readonly lit: ReadonlySet<number>;
  readonly colours: readonly string[];
  readonly shares: readonly Shares[] | undefined;
  /** The one that the keyboard reaches, and the one that was chosen; -1 for none. */
  readonly reachedId: number;
  readonly chosenId: number;
  readonly onChoose: (id: number) => void;
  readonly onZoom: (id: number) => void;
}

const FlameRow = memo(function FlameRow(props: FlameRowProps): ReactNode {
  const { bars, top, width, functions, lit, colours, shares, reachedId, chosenId } = props;
  const drawn = useMemo(
    () =>
      joinBars(bars, width, {
        kept: ({ node }) => node.id === reachedId || lit.has(node.fn),
        failed: () => false,
      }),
    [bars, width, reachedId, lit],
  );
  return (
    <div className="flame-row" role="presentation" style={{ transform: `translateY(${top}px)` }}>
      {drawn.map((one) => {
        const { node } = one.bar;
        const fn = functions[node.fn];
        const change = shares?.[node.id];
        const spoken = sayBar(one, fn, change);
        return (
          <div
            key={node.id}
            className="flame-span"
            role="treeitem"
            aria-level={node.depth + 1}
            aria-selected={node.id === chosenId}
            aria-label={spoken}
            title={spoken}
            tabIndex={node.id === reachedId ? 0 : -1}
            data-call={node.id}
            data-narrow={one.widthPx < 10 ? '' : undefined}
            data-back={lit.size > 0 && !lit.has(node.fn) ? '' : undefined}
            data-lit={lit.has(node.fn) ? '' : undefined}
            style={
              {
                left: one.leftPx,
                width: one.widthPx,
                '--bar': shares === undefined ? (colours[node.fn] ?? 'var(--idle-fill)') : changeColour(change),
              } as object
            }
            onClick={() => props.onChoose(node.id)}
            onDoubleClick={() => props.onZoom(node.id)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') props.onZoom(node.id);
            }}
          >
            {one.widthPx >= 30 && fn?.name}
            {change !== undefined && one.widthPx >= 110 && <span className="flame-took"> {changeText(change)}</span>}
            {change === undefined && one.widthPx >= 240 && <span className="flame-took"> {us(node.totalUs)}</span>}
          </div>
        );
      })}
    </div>
  );
});

function sayBar(
  { bar, bars }: JoinedBar<ProfileBar>,
  fn: ProfileFunction | undefined,
  change: Shares | undefined,
): string {
  const name = `${fn?.name ?? ''}, ${change === undefined ? us(bar.node.totalUs) : changeText(change)}`;
  if (bars > 1) return `${bars} short calls; the longest: ${name}`;
  return fn === undefined || fn.place === '' ? name : `${name}, ${placeText(fn)}`;
}
